"""The address of the Sandboxes page as a query, and the query as words, tokens and links."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.ui import formats
from dashboard.ui.endings import filter_word
from dashboard.ui.moments import moment, typed
from sandboxes.fleet.search import DEFAULT_ORDER, LIVE, QueryError, SandboxQuery, states_of

LENGTHS: Final = ("age_min", "age_max", "ends_within", "past_end", "idle_for")
PERCENTS: Final = ("cpu_min", "cpu_max", "mem_min", "idle_cpu_below")
NUMBERS: Final = (*LENGTHS, *PERCENTS)
TIMES: Final = (
    "created_since",
    "created_until",
    "ended_since",
    "ended_until",
)  # a moment, or so long ago
FLAGS: Final = ("no_sample", "orphan", "protected")
WORDS: Final = ("account", "q")
SEVERAL: Final = ("template", "owner", "environment", "reason", "cause")  # any of these, with commas between them
ENDED: Final = ("ended",)
METADATA: Final = "metadata."
PAGING: Final = frozenset({"cursor", "skip", "rows", "after"})  # where in the list, not which list
NOT_FILTERS: Final = PAGING | {"order", "cols"}
ORDER_WORDS: Final = {
    "-started_at": gettext_noop("recently started first"), "started_at": gettext_noop("least recently started first"),
    "-created_at": gettext_noop("newest first"), "created_at": gettext_noop("oldest first"),
    "-ended_at": gettext_noop("recently ended first"), "ended_at": gettext_noop("least recently ended first"),
    "end_at": gettext_noop("ending soonest first"), "-end_at": gettext_noop("ending last first"),
    "-cpu_pct": gettext_noop("highest CPU first"), "cpu_pct": gettext_noop("lowest CPU first"),
    "-mem_pct": gettext_noop("highest memory first"), "mem_pct": gettext_noop("lowest memory first"),
    "-cost_usd": gettext_noop("highest cost first"), "cost_usd": gettext_noop("lowest cost first"),
    "-burn_usd_per_hour": gettext_noop("highest $/h first"), "burn_usd_per_hour": gettext_noop("lowest $/h first"),
    "id": gettext_noop("by ID"), "-id": gettext_noop("by ID, descending"),
}  # fmt: skip
MOST_SECONDS: Final = 366 * 86_400
AGO: Final = re.compile(r"\d+(?:\.\d+)?\s*(?:s|m|min|h|d)")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?")
_COMMA = re.compile(r"(?<!\\),")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Token:
    """One filter as it is shown: `env is staging`, `orphan: yes` (no verb), and the address without it."""

    name: str
    verb: str
    value: str
    without: str


def given_by(lists: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    """Each parameter once: a form's empty field does not undo what the address had."""
    return {name: next((value for value in reversed(values) if value), "") for name, values in lists}


def asked_of(given: Mapping[str, str]) -> dict[str, str]:
    """The address without paging, and the filter form's `meta=KEY=VALUE` as the filter it means."""
    asked = {name: given[name] for name in given if name not in PAGING and given[name]}
    key, equals, value = asked.pop("meta", "").partition("=")
    if key and not equals:
        raise QueryError("metadata must be written as key=value")
    return asked | ({METADATA + key: value} if key else {})


def query_of(asked: Mapping[str, str], now: datetime | None = None) -> SandboxQuery:
    """Raises QueryError, naming what makes no sense. Times given as lengths are counted back from `now`."""
    asked, now = asked_of(asked), now or timezone.now()
    values: dict[str, Any] = {name: asked[name] for name in WORDS if asked.get(name)}
    values |= {name: several(asked[name]) for name in SEVERAL if asked.get(name)}
    values |= {name: number(name, asked[name]) for name in NUMBERS if asked.get(name)}
    values |= {name: moment_of(name, asked[name], now) for name in TIMES if asked.get(name)}
    values |= {name: asked[name].lower() in {"true", "1"} for name in FLAGS if asked.get(name)}
    states = states_of(asked["state"]) if asked.get("state") else LIVE
    return SandboxQuery(
        states=states,
        metadata=metadata_of(asked),
        order=asked.get("order") or usual_order(states),
        **values,
    )


def usual_order(states: Sequence[str]) -> str:
    """The order that a list of these states has when none is asked for."""
    return "-ended_at" if tuple(states) == ENDED else DEFAULT_ORDER


def metadata_of(asked: Mapping[str, str]) -> dict[str, str]:
    """Every `metadata.KEY=VALUE` of the address."""
    return {name.removeprefix(METADATA): value for name, value in asked.items() if name.startswith(METADATA)}


def tokens(asked: Mapping[str, str]) -> list[Token]:
    """The filters in force, in the order of the address; state and order show elsewhere."""
    return [
        Token(*shown, without=with_(asked, **{name: None}))
        for name, value in asked.items()
        if value and (shown := _shown(name, value))
    ]


def words_of(asked: Mapping[str, str]) -> list[str]:
    """The filters in a few words each, for a file's name: `staging`, `CPU over 80%`, `no sample`."""
    return [_in_words(name, value) for name, value in asked.items() if value and name not in NOT_FILTERS]


def _in_words(name: str, value: str) -> str:
    if name in FLAGS:
        word = name.replace("_", " ")
        return word if value.lower() in {"true", "1"} else _("not %(word)s") % {"word": word}
    label, verb, shown = _shown(name, value) or ("", "", value)
    return shown if verb in {"", "is", "contains"} else f"{label} {verb} {shown}"


def several(text: str) -> tuple[str, ...]:
    """`a,b` as its words; a comma that belongs to a word is written with a backslash before it."""
    return tuple(re.sub(r"\\,", ",", word) for word in _COMMA.split(text) if word)


def joined(formats: Iterable[str]) -> str:
    """Words as one text that `several` takes apart again."""
    return ",".join(word.replace(",", "\\,") for word in formats)


def with_(asked: Mapping[str, str], **changes: str | None) -> str:
    """The address with these parameters changed, or left out when None; paging begins anew.

    Without the accounts that it names it says so (`account=`): a page keeps its choice of accounts on all other links.
    """
    kept: list[tuple[str, str]] = [(name, asked[name]) for name in asked if name not in {*PAGING, *changes}]
    kept += [(name, value) for name, value in changes.items() if value is not None]
    freed = [("account", "")] if asked.get("account") and "account" in changes and changes["account"] is None else []
    return "?" + urlencode([(name, value) for name, value in kept if value] + freed)


def _shown(name: str, value: str) -> tuple[str, str, str] | None:
    """Name, verb and value of a filter, as people read it; None for what is none."""
    plain: Mapping[str, tuple[str, str]] = {
        "template": ("template", "is"), "owner": ("owner", "is"), "environment": ("env", "is"),
        "account": ("account", "is"), "q": ("text", "contains"),
        "cpu_min": ("CPU", "over"), "cpu_max": ("CPU", "under"), "mem_min": ("memory", "over"),
        "idle_for": (_("idle"), _("for")), "idle_cpu_below": (_("idle CPU"), _("under")),
        "age_min": ("age", "over"), "age_max": ("age", "under"), "ends_within": ("ends", "within"),
        "past_end": (_("past its end"), "by"), "reason": ("reason", "is"), "cause": ("cause", "is"),
        "created_since": ("created", "since"), "created_until": ("created", "before"),
        "ended_since": ("ended", "since"), "ended_until": ("ended", "before"),
    }  # fmt: skip
    if name in plain:
        shown = value
        if name in LENGTHS:
            shown = formats.duration(number(name, value))
        elif name in PERCENTS:
            shown = f"{value}%"
        elif name in TIMES:
            shown = _shown_time(name, value)
        elif name in SEVERAL:
            shown = " or ".join(filter_word(name, one) for one in several(value))
        return (*plain[name], shown)
    if name in FLAGS:
        return f"{name.replace('_', ' ')}:", "", "yes" if value.lower() in {"true", "1"} else "no"
    if name.startswith(METADATA):
        return name.removeprefix(METADATA), "is", value
    return None


def _shown_time(name: str, text: str) -> str:
    if AGO.fullmatch(text):
        return _("%(span)s ago") % {"span": formats.span(number(name, text))}
    return formats.exact(moment_of(name, text, timezone.now()))


def moment_of(name: str, text: str, now: datetime) -> datetime:
    """A time in UTC: `2h` for two hours ago, RFC 3339, Unix seconds, or as people type it. Raises QueryError."""
    if AGO.fullmatch(text) and (seconds := number(name, text)) <= MOST_SECONDS:
        return now - timedelta(seconds=seconds)
    try:
        return moment(text)
    except ValueError:
        at = typed(text, now)
    if at is None:
        raise QueryError(f"{name} must be a time such as 2026-08-21T10:00Z, or 2h for two hours ago, not {text!r}")
    return at


def number(name: str, text: str) -> float:
    """Seconds also as `20m`, `1.5h`, `2d`. Raises QueryError for what is no number."""
    found = _LENGTH.fullmatch(text.strip())
    if not found:
        raise QueryError(f"{name} must be a number, not {text!r}")
    return float(found[1]) * _UNIT_SECONDS.get(found[2] or "s", 1)
