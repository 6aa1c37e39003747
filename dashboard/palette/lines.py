"""What the command palette finds for a few letters: actions on what matches, sandboxes, pages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from dashboard.sandboxes.facets import VIEWS
from dashboard.sandboxes.filters import with_
from dashboard.templatetags.verbs import VERBS
from dashboard.ui import formats
from dashboard.ui.endings import ending
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.search import LIVE, STATES, SandboxQuery, SandboxRow, count, matching_ids, search
from sandboxes.models import Sandbox

MOST_SANDBOXES: Final = 5
MOST_VALUES: Final = 2
MOST_AT_ONCE: Final = 500  # what one question can be asked about
PAGES: Final = (
    (gettext_noop("Fleet"), "fleet", "i-fleet", gettext_noop("overview honeycomb live")),
    (gettext_noop("Sandboxes"), "sandboxes", "i-boxes", gettext_noop("list table")),
    (gettext_noop("Events"), "events", "i-events", gettext_noop("stream lifecycle")),
    (gettext_noop("Deliveries"), "deliveries", "i-events", gettext_noop("webhooks refused parked replay")),
    (gettext_noop("Cleanup"), "cleanup", "i-clean", gettext_noop("policies orphans audit reaper")),
    (gettext_noop("Cost"), "cost", "i-cost", gettext_noop("money spend burn waste forecast")),
    (gettext_noop("Settings"), "settings", "i-settings", gettext_noop("webhook account tokens prices")),
)
FIELDS: Final = {
    "owner": gettext_noop("owned by"),
    "template": gettext_noop("of template"),
    "environment": gettext_noop("in"),
}


@dataclass(frozen=True)
class Entry:
    """One line: a mark of the sprite, its title (what was typed stands out in it), a note, and where it leads.

    `act` and `keys` instead of `link`: the question that an action begins with. `copy` is an ID to be copied.
    """

    mark: str
    title: str
    note: str = ""
    link: str = ""
    act: str = ""
    keys: list[int] = field(default_factory=list)
    copy: str = ""
    found: str = ""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The title before, at and after what was found in it."""
        at = self.title.lower().find(self.found.lower()) if self.found else -1
        if at < 0:
            return self.title, "", ""
        return self.title[:at], self.title[at : at + len(self.found)], self.title[at + len(self.found) :]


@dataclass(frozen=True)
class Group:
    """Entries of one kind under a heading."""

    name: str
    note: str
    entries: list[Entry]


def find(text: str, now: datetime) -> list[Group]:
    """The groups for what was typed; without anything typed the pages and the ready-made views."""
    text = text.replace("\0", "").strip()[:200]
    if not text:
        return [Group(_("Pages"), "", list(_pages(""))), Group(_("Views"), _("of the live fleet"), _views(now))]
    page = search(SandboxQuery(q=text, order="-cpu_pct"), limit=MOST_SANDBOXES, now=now)
    matches = ngettext("%(n)s matches, hottest first", "%(n)s match, hottest first", page.total)
    told = matches % {"n": f"{page.total:,}"}
    if not page.items:
        page = search(SandboxQuery(states=STATES, q=text), limit=MOST_SANDBOXES, now=now)
        told = _("none lives, %(total)s on record") % {"total": f"{page.total:,}"}
    actions = [entry for name, value in _values(text) for entry in _on_value(name, value, now)]
    if page.total == 1 and page.items[0].state in LIVE:
        actions += _on_one(page.items[0])
    groups = [
        Group(_("Actions"), _("on what matches"), actions),
        Group(_("Sandboxes"), told, [_sandbox(row, now, text) for row in page.items]),
        Group(_("Pages"), "", list(_pages(text))),
    ]
    return [group for group in groups if group.entries]


def _values(text: str) -> list[tuple[str, str]]:
    """Owners, templates and environments of the live fleet that have the text in them; the whole ones first."""
    alive = Sandbox.objects.filter(account__in=shown_account_ids()).exclude(state=Sandbox.State.ENDED)
    found: list[tuple[bool, int, str, str]] = []
    for name, column in (("owner", "owner"), ("template", "template_shown"), ("environment", "environment")):
        rows = alive.filter(**{f"{column}__icontains": text}).values_list(column).annotate(n=Count("id"))
        found += [(value.lower() != text.lower(), -n, name, value) for value, n in rows.order_by("-n")[:MOST_VALUES]]
    return [(name, value) for _, _, name, value in sorted(found)[:MOST_VALUES]]


def _on_value(name: str, value: str, now: datetime) -> Iterator[Entry]:
    """What can be done with all that an owner, a template or an environment has."""
    which, at = f"{_(FIELDS[name])} {value}", reverse("sandboxes")
    alive = matching_ids(SandboxQuery(**{name: value}), now=now)  # type: ignore[arg-type]
    orphans = matching_ids(SandboxQuery(orphan=True, **{name: value}), now=now)  # type: ignore[arg-type]
    yield Entry(
        "i-boxes",
        _("List sandboxes %(which)s") % {"which": which},
        f"{len(alive):,}",
        at + with_({name: value}),
        found=value,
    )
    if orphans:
        link = at + with_({name: value, "orphan": "true"})
        yield Entry("g-orph", _("Review orphans %(which)s") % {"which": which}, f"{len(orphans):,}", link, found=value)
    for mark, title, act, keys in (
        ("g-shield", _("Protect all %(which)s…"), "protect", alive),
        ("g-killed", _("Kill orphans %(which)s…"), "kill", orphans),
    ):
        if 0 < len(keys) <= MOST_AT_ONCE:
            yield Entry(mark, title % {"which": which}, f"{len(keys):,}", act=act, keys=keys, found=value)


def _on_one(row: SandboxRow) -> Iterator[Entry]:
    """What can be done with the one sandbox that matches."""
    offered = {"running": (("g-pause", "pause"), ("g-updated", "extend")), "paused": (("g-resumed", "resume"),)}
    for mark, kind in (*offered.get(row.state, ()), ("g-shield", "protect"), ("g-killed", "kill")):
        yield Entry(
            mark,
            _("%(action)s %(id)s…") % {"action": _(VERBS[kind]), "id": row.id},
            act=kind,
            keys=[row.key],
            found=row.id,
        )


def _sandbox(row: SandboxRow, now: datetime, text: str) -> Entry:
    mark = "g-orph" if row.orphan.is_orphan else {"running": "g-run", "paused": "g-pause"}.get(row.state, "g-end")
    about = [row.template_shown, row.environment, _standing(row, now)]
    note = " · ".join(word for word in about if word)
    return Entry(mark, row.id, note, reverse("sandbox", args=[row.id]), copy=row.id, found=text)


def _standing(row: SandboxRow, now: datetime) -> str:
    """What is most worth knowing of it now."""
    if row.orphan.act_at:
        return _("acts in %(span)s") % {"span": formats.span((row.orphan.act_at - now).total_seconds())}
    if row.state == "paused" and row.paused_at:
        return _("paused %(span)s ago") % {"span": formats.span((now - row.paused_at).total_seconds())}
    if row.state == "ended" and row.ended_at:
        return _("%(ended)s %(span)s ago") % {
            "ended": ending(row),
            "span": formats.span((now - row.ended_at).total_seconds()),
        }
    return f"CPU {formats.percent(row.cpu_pct)}" if row.cpu_pct is not None else _("no sample")


def _pages(text: str) -> Iterator[Entry]:
    wanted = text.lower()
    for title, name, mark, also in PAGES:
        if any(word.startswith(wanted) for word in [_(title).lower(), *_(also).split()]):
            yield Entry(mark, _(title), link=reverse(name), found=text)


def _views(now: datetime) -> list[Entry]:
    at = reverse("sandboxes")
    return [
        Entry("i-boxes", _(name), f"{count(query, now=now):,}", at + with_({}, **given))
        for name, _live, given, query in VIEWS
        if given
    ]
