"""What a simulated E2B can be told at its start."""

import msgspec

DEFAULT_API_KEY = "e2b_" + "0" * 40
DAY_SECONDS = 86_400


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet and the manners of one simulator; the same options, seed and clock give the same fleet.

    `sandboxes` is the size the fleet keeps near, running and paused together; with `births_per_minute` 0 nothing
    is born and nothing dies of itself. `cap` is the most that may run before a create is refused (0: no limit).
    Shares are between 0 and 1. `pause_seconds_per_gib` is how long a pause asked for by HTTP is held (E2B: about 4).
    `domain` is where clients send commands and files; nothing answers there, and names under `.invalid` never resolve.
    """

    sandboxes: int = 300
    births_per_minute: float = 5.0
    seed: int = 1
    past_hours: float = 24.0
    api_key: str = DEFAULT_API_KEY
    base_path: str = ""
    domain: str = "simulator.invalid"
    cap: int = 0
    max_run_seconds: int = DAY_SECONDS
    rate_limit: int = 20_000
    rate_window_seconds: int = 30
    pause_seconds_per_gib: float = 0.0
    webhook_url: str = ""
    webhook_secret: str = ""
    duplicate_share: float = 0.02
    late_share: float = 0.05
    faults: str = ""
    request_log: str = ""


def empty(**changes: object) -> Options:
    """Options for a fleet without sandboxes, births or past: what a test fills by hand."""
    bare: dict[str, object] = {"sandboxes": 0, "births_per_minute": 0.0, "past_hours": 0.0}
    return msgspec.convert({**bare, **changes}, Options)
