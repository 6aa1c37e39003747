"""The messages that a page gets over its socket, and those it sends. Pure.

`manage.py live_types` writes them as static/js/messages.d.ts, which the pages' scripts are checked against.
Times are Unix seconds, shares percent, sums USD an hour, sizes bytes where nothing else is said.
"""

from typing import Annotated, Final

import msgspec

from sandboxes.core.live_bodies import AccountStatus, ActionItem

PROTOCOL: Final = "1"  # raised whenever pages loaded before would misread what they are sent: they load anew


class Counts(msgspec.Struct, kw_only=True):
    """The fleet at one time, now or in the past; `started` and `ended` a minute."""

    running: int
    paused: int
    started: float
    ended: float
    ended_by: dict[str, int]
    cpu_p50: float | None
    cpu_p95: float | None
    mem_p50: float | None
    mem_p95: float | None
    burn: float
    orphan_burn: float


class Figures(Counts, kw_only=True):
    """In every message: the fleet now, by the server's clock; `at` is when its newest samples were taken, `frozen_at`
    since when policies are frozen."""

    now: float
    at: float | None
    took: float | None
    frozen_at: float | None
    hot: int
    orphans: int
    marked: int
    soon: int
    status: dict[str, AccountStatus]


class Columns(msgspec.Struct, kw_only=True):
    """Cells as columns; `template`, `owner` and `environment` are numbers into `words`, `memory` is MiB."""

    key: list[int]
    id: list[str]
    template: list[int]
    owner: list[int]
    environment: list[int]
    state: list[str]
    orphan: list[str]
    created: list[int]
    burn: list[float]
    cpus: list[int | float | None]
    memory: list[int]
    words: list[str]


class Roster(Columns, kw_only=True):
    """All cells, or those that came and changed after the keys in `gone` left."""

    full: bool
    gone: list[int] | msgspec.UnsetType = msgspec.UNSET


class Values(msgspec.Struct):
    """One byte a cell in the order of the roster, base64: percent, 255 where there is no sample."""

    cpu: str
    mem: str


Summary = Annotated[msgspec.Raw, msgspec.Meta(extra={"of": Figures})]  # encoded once for all browsers


class FleetMessage(msgspec.Struct, tag_field="kind", tag="fleet"):
    figures: Summary
    roster: Roster | msgspec.UnsetType = msgspec.UNSET
    values: Values | msgspec.UnsetType = msgspec.UNSET


class Row(msgspec.Struct, array_like=True):
    """A row of the table as far as it moves. Of one that ended only the first two are sent.

    `orphan` is none, candidate, marked or condemned.
    """

    key: int
    state: str
    orphan: str = "none"
    act_at: float | None = None
    end_at: float | None = None
    cpu: float | None = None
    used: int | None = None
    allocated: int | None = None


class RowsMessage(msgspec.Struct, tag_field="kind", tag="rows"):
    """`sparks` are by key: whole percent of CPU, -1 where there was no sample."""

    figures: Summary
    rows: list[Row]
    sparks: dict[str, list[int]]


class Sample(msgspec.Struct, array_like=True):
    at: float
    cpu: float
    used: int
    allocated: int
    disk: int


class SandboxMessage(msgspec.Struct, tag_field="kind", tag="sandbox"):
    """`changed`: its record, events or actions moved, the page asks for them."""

    figures: Summary
    state: str
    sample: Sample | None
    changed: bool


class FrameMessage(msgspec.Struct, tag_field="kind", tag="frame"):
    """For a page that shows nothing live but the frame around it."""

    figures: Summary


class ActionsMessage(msgspec.Struct, tag_field="kind", tag="actions"):
    """What became of actions that this page's user asked for."""

    items: list[ActionItem]


class Moment(msgspec.Struct):
    """A second of the past; `exact_t` is None where nobody polled near it."""

    t: float
    exact_t: float | None
    figures: Counts
    roster: Columns
    values: Values


class Show(msgspec.Struct, frozen=True):
    """Which page, and of it which rows (keys) or which sandbox (key)."""

    page: str
    rows: list[int] = []
    sandbox: int | None = None


class Said(msgspec.Struct, frozen=True):
    """What a browser can tell us: what it shows now, or that nobody looks."""

    show: Show | None = None
    hidden: bool | None = None


MESSAGES = (FleetMessage, RowsMessage, SandboxMessage, FrameMessage, ActionsMessage)
