"""What the command palette finds for a few letters: actions on what matches, sandboxes, pages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from dashboard.palette import places
from dashboard.palette.entries import Entry, Group
from dashboard.sandboxes.facets import VIEWS
from dashboard.sandboxes.filters import with_
from dashboard.templatetags.verbs import VERBS
from dashboard.ui import formats
from dashboard.ui.endings import ending
from sandboxes.cleanup import freezing
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.search import LIVE, STATES, Page, SandboxQuery, SandboxRow, count, matching_ids, search
from sandboxes.models import Freeze, Sandbox

MOST_SANDBOXES: Final = 5
MOST_VALUES: Final = 2
MOST_AT_ONCE: Final = 500  # what one question can be asked about
FIELDS: Final = {
    "owner": gettext_noop("owned by"),
    "template": gettext_noop("of template"),
    "environment": gettext_noop("in"),
}


def find(text: str, now: datetime, *, may_act: bool = True, may_change: bool = False) -> list[Group]:
    """The groups for what was typed; without anything typed the pages and the ready-made views.

    The first line is what Enter takes: a place to look at, never an action. `may_act`, `may_change`: whether what
    operators and what admins do is found.
    """
    text = text.replace("\0", "").strip()[:200]
    frozen = freezing.current()
    if not text:
        return [Group(_("Pages"), "", list(places.pages(""))), Group(_("Views"), _("of the live fleet"), _views(now))]
    page, told = _search(text, now)
    boxes = [_sandbox(row, now, text, frozen) for row in page.items]
    values = [entry for name, value in _values(text) for entry in _on_value(name, value, now)]
    on_one = list(_on_one(page.items[0])) if page.total == 1 and page.items[0].state in LIVE else []
    groups = [
        Group(_("Time"), "", list(places.moments(text, now))),
        Group(_("Actions"), _("on what matches"), values),
        Group(_("Sandboxes"), told, boxes),
        Group(_("Actions"), _("on this sandbox"), on_one),
        Group(_("Policies"), "", list(places.policies(text))),
        Group(_("Pages"), "", [*places.pages(text), *places.accounts(text)]),
        Group(_("Commands"), "", list(places.commands(text, frozen, may_act=may_act, may_change=may_change))),
    ]
    if not may_act:
        groups = [replace(group, entries=[one for one in group.entries if not one.act]) for group in groups]
    return _best_first([group for group in groups if group.entries], text)


def _best_first(groups: list[Group], text: str) -> list[Group]:
    """A place that is called just what was typed comes before all that has the text somewhere in it."""
    for group in groups:
        for entry in group.entries:
            if entry.link and entry.title.lower() == text.lower():
                first = Group(group.name, group.note, sorted(group.entries, key=lambda one: one is not entry))
                return [first, *(one for one in groups if one is not group)]
    return groups


def _search(text: str, now: datetime) -> tuple[Page[SandboxRow], str]:
    """Live ones that match, else those on record; and how many there are, in words."""
    page = search(SandboxQuery(q=text, order="-cpu_pct"), limit=MOST_SANDBOXES, now=now)
    matches = ngettext("%(n)s matches, hottest first", "%(n)s match, hottest first", page.total)
    if page.items:
        return page, matches % {"n": f"{page.total:,}"}
    page = search(SandboxQuery(states=STATES, q=text), limit=MOST_SANDBOXES, now=now)
    return page, _("none lives, %(total)s on record") % {"total": f"{page.total:,}"}


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
    if name == "owner":
        yield Entry("i-cost", _("Cost of %(owner)s") % {"owner": value}, "", _cost_of(value), found=value)
        events = f"{reverse('events')}?{urlencode({'owner': value})}"
        yield Entry("i-events", _("Events of %(owner)s") % {"owner": value}, "", events, found=value)
    for mark, title, act, keys in (
        ("g-shield", _("Protect all %(which)s…"), "protect", alive),
        ("g-killed", _("Kill orphans %(which)s…"), "kill", orphans),
    ):
        if 0 < len(keys) <= MOST_AT_ONCE:
            yield Entry(mark, title % {"which": which}, f"{len(keys):,}", act=act, keys=keys, found=value)


def _cost_of(owner: str) -> str:
    """The Cost page by owner, at this one's row."""
    return f"{reverse('cost')}?by=owner#of={quote(owner)}"


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


def _sandbox(row: SandboxRow, now: datetime, text: str, frozen: Freeze | None) -> Entry:
    mark = "g-orph" if row.orphan.is_orphan else {"running": "g-run", "paused": "g-pause"}.get(row.state, "g-end")
    about = [row.template_shown, row.environment, _standing(row, now, frozen)]
    note = " · ".join(word for word in about if word)
    return Entry(mark, row.id, note, reverse("sandbox", args=[row.id]), copy=row.id, found=text)


def _standing(row: SandboxRow, now: datetime, frozen: Freeze | None) -> str:
    """What is most worth knowing of it now."""
    if row.orphan.act_at:
        return formats.short_due(row.orphan.act_at, now, frozen.at if frozen else None)
    if row.state == "paused" and row.paused_at:
        return _("paused %(span)s ago") % {"span": formats.span((now - row.paused_at).total_seconds())}
    if row.state == "ended" and row.ended_at:
        return _("%(ended)s %(span)s ago") % {
            "ended": ending(row),
            "span": formats.span((now - row.ended_at).total_seconds()),
        }
    return f"CPU {formats.percent(row.cpu_pct)}" if row.cpu_pct is not None else _("no sample")


def _views(now: datetime) -> list[Entry]:
    at = reverse("sandboxes")
    return [
        Entry("i-boxes", _(name), f"{count(query, now=now):,}", at + with_({}, **given))
        for name, _live, given, query in VIEWS
        if given
    ]
