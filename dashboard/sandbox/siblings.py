"""Who is like a sandbox: those of its owner and of its template, how many live, and the hottest of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from sandboxes.fleet.search import SandboxQuery, SandboxRow, count, search

HOTTEST: Final = 3


@dataclass(frozen=True)
class Siblings:
    """Those that share one thing with it, itself left out; `link` shows them all, it among them."""

    what: str
    name: str
    running: int
    paused: int
    hottest: list[SandboxRow]
    link: str


def siblings(row: SandboxRow, now: datetime) -> list[Siblings]:
    """By owner, where it has one, and by template."""
    template = SandboxQuery(template=row.template_id, account=row.account)
    found = [_siblings("template", row.template_shown, template, row, now, template=row.template_id)]
    if row.owner:
        owner = SandboxQuery(owner=row.owner, account=row.account)
        found.insert(0, _siblings("owner", row.owner, owner, row, now, owner=row.owner))
    return found


def _siblings(what: str, name: str, query: SandboxQuery, row: SandboxRow, now: datetime, **asked: str) -> Siblings:
    hottest = search(replace(query, states=("running",), order="-cpu_pct"), limit=HOTTEST + 1, now=now)
    paused = count(replace(query, states=("paused",)), now=now)
    return Siblings(
        what=what,
        name=name,
        running=hottest.total - (row.state == "running"),
        paused=paused - (row.state == "paused"),
        hottest=[one for one in hottest.items if one.key != row.key][:HOTTEST],
        link="/sandboxes/?" + urlencode({**asked, "order": "-cpu_pct"}),
    )
