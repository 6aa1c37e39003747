"""What the backend was asked, by its own log: looks before, kills, looks after, and how near the rate limit it came."""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

WINDOW_SECONDS = 30  # E2B counts each route over so long
ANSWERED = {204, 404}


@dataclass(frozen=True)
class Request:
    """One line of the log: Unix seconds of the answer, method, path, HTTP status."""

    at: float
    method: str
    path: str
    status: int

    @property
    def sandbox(self) -> str | None:
        """Whose single endpoint it is, if it is one."""
        found = re.fullmatch(r"/sandboxes/(i\w+)", self.path)
        return found[1] if found else None


@dataclass(frozen=True)
class Count:
    """Calls about single sandboxes: `looks` before its first DELETE, `confirming` after; the spared had none."""

    kills: int
    deletes: int
    looks: int
    confirming: int
    looks_at_spared: int
    double_kills: int
    wrong_kills: int
    refused_429: int
    most_in_window: int
    first_at: float
    last_kill_at: float


def read(log: Path, since: float) -> list[Request]:
    """The whole lines of the log from `since` (Unix seconds) on."""
    text = log.read_text()
    lines = text[: text.rfind("\n") + 1].splitlines()
    found = (Request(float(at), method, path, int(status)) for at, method, path, status in map(str.split, lines))
    return [one for one in found if one.at >= since]


def count(requests: list[Request], must_live: Container[str], claimed: Mapping[str, float]) -> Count:
    """`claimed`: from when on (Unix seconds) an owner had been told that a sandbox is theirs."""
    of: dict[str, list[Request]] = defaultdict(list)
    for one in requests:
        if one.sandbox is not None:
            of[one.sandbox].append(one)
    looks = confirming = spared = double = wrong = 0
    for name, calls in of.items():
        deletes = [one for one in calls if one.method == "DELETE"]
        gets = [one.at for one in calls if one.method == "GET"]
        if not deletes:
            spared += len(gets)
            continue
        before = sum(at <= deletes[0].at for at in gets)
        looks, confirming = looks + before, confirming + len(gets) - before
        double += sum(one.status in ANSWERED for one in deletes) > 1
        wrong += name in must_live or any(one.at > claimed.get(name, one.at) for one in deletes)
    killing = [one for one in requests if one.method == "DELETE"]
    routes = Counter((one.method, int(one.at // WINDOW_SECONDS)) for one in requests if one.sandbox is not None)
    return Count(
        kills=sum(one.status == 204 for one in killing), deletes=len(killing), looks=looks, confirming=confirming,
        looks_at_spared=spared, double_kills=double, wrong_kills=wrong,
        refused_429=sum(one.status == 429 for one in requests), most_in_window=max(routes.values(), default=0),
        first_at=min((one.at for one in requests if one.sandbox is not None), default=0.0),
        last_kill_at=max((one.at for one in killing), default=0.0),
    )  # fmt: skip
