"""How templates show times, figures and marks; loaded into every template by settings."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from dashboard.ui import formats, names
from dashboard.ui.endings import ending, ending_kind
from sandboxes.core import database_away
from sandboxes.models import Account

register = template.Library()

register.filter("span", formats.span)
register.filter("whole", formats.whole)
register.filter("exact_span", formats.exact_span)
register.filter("duration", formats.duration)
register.filter("size", formats.size)
register.filter("round_size", formats.round_size)
register.filter("size_of", formats.size_of)
register.filter("percent", formats.percent)
register.filter("usd", formats.usd)
register.filter("marked", names.marked)
register.filter("exact", formats.exact)
register.filter("ending", ending)
register.filter("ending_kind", ending_kind)

BEGINNING: Final = 120
STATES = {
    "running": ("run", gettext_noop("running")),
    "paused": ("pause", gettext_noop("paused")),
    "unknown": ("stale", gettext_noop("unknown state")),
    "ended": ("end", gettext_noop("ended")),
    "orphan": ("orph", gettext_noop("orphan")),
}


@register.filter
def raw(value: Any) -> str:
    """For attributes that scripts and forms read: no thousands apart."""
    return str(value)


@register.filter
def mebibytes(count: int | None) -> int | None:
    """MiB as bytes."""
    return None if count is None else count * formats.MIB


@register.filter
def spoken(word: str) -> str:
    """A word of the API as people say it: `out of memory` for `out_of_memory`."""
    return word.replace("_", " ")


@register.filter
def exactly(name: str | None) -> SafeString | str:
    """A name from outside, in its own direction, what hides or turns writing round in boxes; '' for none."""
    if not name or names.is_plain(name):
        return name or ""
    shown = [("", gettext("blank"))] if names.is_blank(name) else names.pieces(name)
    parts = format_html_join(
        "", "{}{}", ((words, format_html('<span class="odd">{}</span>', mark) if mark else "") for words, mark in shown)
    )
    return format_html("<bdi>{}</bdi>", parts)


@register.filter
def beginning(text: str) -> str:
    """The first words of a long text."""
    return text[:BEGINNING].strip()


@register.filter
def spelled(name: str | None) -> str:
    """The same as plain text, for tooltips and labels."""
    return names.spelled(name or "")


@register.filter
def owner_key(account: Account) -> str:
    """A metadata key that says whose a sandbox is, fit for a line of a shell."""
    keys = account.owner_keys
    return keys[0] if keys and re.fullmatch(r"[\w.-]+", keys[0]) else "owner"


@register.filter
def ticked(text: str) -> SafeString:
    """Words between backticks as code, as in our docstrings; all else is escaped."""
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", part) if place % 2 else part,) for place, part in enumerate(text.split("`"))),
    )


@register.filter
def nth(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


@register.filter
def wordlist(text: str) -> list[str]:
    """The words of a text, to loop over."""
    return text.split()


@register.filter
def clock(moment: datetime | None) -> str:
    """`14:16:21`."""
    return f"{moment:%H:%M:%S}" if moment else formats.DASH


@register.filter
def unix(moment: datetime | None) -> str:
    """Unix seconds for scripts; empty for none."""
    return str(moment.timestamp()) if moment else ""


@register.filter
def as_json(value: Any) -> str:
    """For a data attribute; Django escapes it."""
    return json.dumps(value, separators=(",", ":"))


@register.filter
def share(part: float | None, of: float | None) -> float:
    """`part` in percent of `of`, 0 to 100; 0 when either is unknown."""
    return round(min(100.0, 100 * part / of), 1) if part and of else 0.0


@register.simple_tag
def glyph(name: str, extra: str = "") -> SafeString:
    """A 12 px mark of the sprite; decoration only, a word stands beside it."""
    return format_html(
        '<svg class="g {}" aria-hidden="true"><use href="{}#g-{}"/></svg>', extra or name, static("icons.svg"), name
    )


@register.simple_tag
def icon(name: str, pixels: int = 16) -> SafeString:
    """An icon of the menu or of a button."""
    return format_html(
        '<svg width="{0}" height="{0}" aria-hidden="true"><use href="{1}#i-{2}"/></svg>',
        pixels, static("icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def database_phrase(about: str) -> str:
    """The one phrase for a database that is `away`, or that is too `slow` for what was asked; no full stop."""
    return gettext({"away": database_away.PHRASE, "slow": database_away.TOO_LONG}[about])


# How a time is said, by its form: static/js/timewords.js keeps all of them up to date.
FORMS: Final[Mapping[str, Callable[[datetime, datetime], str]]] = {
    "ago": formats.relative,
    "age": lambda moment, now: formats.span((now - moment).total_seconds()),
    "since": lambda moment, now: formats.exact_span((now - moment).total_seconds()),
    "left": lambda moment, now: formats.exact_span((moment - now).total_seconds()),
    "end": formats.end,
    "exact-end": formats.exact_end,
    "clock": lambda moment, _now: clock(moment),
}
DUE: Final = {"due": formats.due, "short-due": formats.short_due}


@register.simple_tag
def when(moment: datetime | None, form: str = "ago", follow: str = "") -> SafeString | str:
    """A time as `3 min ago` (`ago`), `12 min` (`age`; `since` to the second), `in 9 min` or `2 min late` (`end`;
    `exact-end` to the second), `4 min 10 s` to go (`left`), or `14:16:21` (`clock`); exact on hover.

    `follow` names what makes it anew while the page is open: `sync:` or `poll:` and the account.
    """
    if moment is None:
        return formats.DASH
    return _time(moment, form, FORMS[form](moment, timezone.now()), follow)


@register.simple_tag(takes_context=True)
def acts(context: Context, moment: datetime | None, form: str = "due") -> SafeString | str:
    """When a policy is to act: `in 38 s`, or `paused with 38 s to go` while policies are frozen; `short-due` for less
    room. Reads the freeze once a page, and only where something is due."""
    if moment is None:
        return formats.DASH
    frozen = context["current_freeze"]()
    return _time(moment, form, DUE[form](moment, timezone.now(), frozen.at if frozen else None))


def _time(moment: datetime, form: str, shown: str, follow: str = "") -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}" data-form="{}"{}>{}</time>',
        moment.isoformat(),
        formats.exact(moment),
        form,
        format_html(' data-follow="{}"', follow) if follow else "",
        shown,
    )


@register.simple_tag
def state_mark(state: str, *, orphan: bool = False) -> SafeString:
    """Its state as shape and word; an orphan says so instead of running or paused."""
    mark, word = STATES["orphan" if orphan and state != "ended" else state]
    word = gettext(word)
    return format_html('<span class="state s-{}">{}<span>{}</span></span>', mark, glyph(mark), word)
