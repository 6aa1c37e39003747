"""A policy as it is typed on the page, with units, and back: `20 min`, `2%`, `env=staging`. Pure.

What it means and what is refused is `sandboxes.policies`' word alone; here is only where that word is shown.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from dashboard.ui.translation import gettext as _
from sandboxes.policies import PolicyError, PolicySpec, as_dict, parse
from sandboxes.policies.wording import limit

_UNITS: Final = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}
_SPAN: Final = re.compile(r"(\d+)\s*(s|min|m|h|d)?")
_QUIET: Final = re.compile(r"([a-z,\s-]+?)\s+(\S+?)\s*-\s*(\d\d:\d\d)(?:\s+(\S+))?")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPANS: Final = (
    "no_lease_for_seconds",
    "idle_for_seconds",
    "older_than_seconds",
    "paused_for_seconds",
    "past_end_seconds",
)
WORDS: Final = ("over_limit",)
KEYS: Final = ("missing_metadata", "duplicate_of")
FIELDS: Final = (
    "name", "accounts", "templates", "metadata", *SPANS, "idle_cpu_below_pct", *KEYS, "keep", *WORDS, "action",
    "grace_seconds", "quarantine_seconds", "max_per_run", "max_per_hour", "max_fleet_fraction", "quiet_hours",
)  # fmt: skip


class FieldError(PolicyError):
    """Something typed that can't be read; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def typed(spec: PolicySpec) -> dict[str, Any]:
    """The policy as the form shows it, by field; `states` is a list."""
    plain = as_dict(spec)
    when, match = plain["orphan_when"], plain["match"]
    shown: dict[str, Any] = {name: limit(when[name]) if name in when else "" for name in SPANS}
    shown |= {name: ", ".join(when.get(name, ())) for name in KEYS}
    shown |= {name: when.get(name, "") for name in WORDS}
    shown |= {name: f"{when[name]:g}" if name in when else "" for name in ("idle_cpu_below_pct", "keep")}
    shown |= {name: ", ".join(match[name]) for name in ("accounts", "templates")}
    shown |= {name: str(plain[name]) for name in ("name", "action", "max_per_run", "max_per_hour")}
    quarantine = plain["quarantine_seconds"]
    return shown | {
        "states": match["states"],
        "metadata": ", ".join(f"{key}={value}" for key, value in match["metadata"].items()),
        "grace_seconds": limit(plain["grace_seconds"]),
        "quarantine_seconds": "" if quarantine is None else limit(quarantine),
        "max_fleet_fraction": f"{plain['max_fleet_fraction'] * 100:g}",
        "quiet_hours": "\n".join(_hours_told(hours) for hours in plain["quiet_hours"]),
    }


def read(form: Mapping[str, Any], states: list[str], *, enabled: bool, mode: str) -> PolicySpec:
    """The policy that was typed. Raises PolicyError in the API's words; FieldError where the text can't be read."""
    text = {name: str(form.get(name, "")).strip() for name in FIELDS}
    when: dict[str, Any] = {name: _seconds(name, text[name]) for name in SPANS if text[name]}
    when |= {name: _words(text[name]) for name in KEYS if text[name]}
    when |= {name: text[name] for name in WORDS if text[name]}
    if text["idle_cpu_below_pct"]:
        when["idle_cpu_below_pct"] = _number("idle_cpu_below_pct", text["idle_cpu_below_pct"])
    if text["keep"] and text["duplicate_of"]:
        when["keep"] = _count("keep", text["keep"])
    given: dict[str, Any] = {
        "name": text["name"],
        "enabled": enabled,
        "mode": mode,
        "match": {
            "accounts": _words(text["accounts"]), "states": states, "templates": _words(text["templates"]),
            "metadata": dict(_pair(one) for one in _words(text["metadata"])),
        },
        "orphan_when": when,
        "action": text["action"] or "notify",
        "quiet_hours": [_hours(line) for line in text["quiet_hours"].splitlines() if line.strip()],
    }  # fmt: skip
    for name in ("grace_seconds", "quarantine_seconds"):
        if text[name]:
            given[name] = _seconds(name, text[name])
    for name in ("max_per_run", "max_per_hour"):
        if text[name]:
            given[name] = _count(name, text[name])
    if text["max_fleet_fraction"]:
        given["max_fleet_fraction"] = _number("max_fleet_fraction", text["max_fleet_fraction"]) / 100
    return parse(given)


def field_of(error: PolicyError) -> str:
    """Where an error belongs: the field that it names first; empty when it names none."""
    if isinstance(error, FieldError):
        return error.field
    names = (*FIELDS, "states", "orphan_when")
    named = [(str(error).find(name), -len(name), name) for name in names if name in str(error)]
    return min(named)[2] if named else ""


def sentence(spec: PolicySpec) -> str:
    """Its conditions as a list of policies tells them: `no lease 15 min, CPU under 2% for 10 min`."""
    shown = typed(spec)
    told = {
        "no_lease_for_seconds": _("no lease {}"),
        "idle_for_seconds": _("CPU under %(percent)s%% for {}") % {"percent": shown["idle_cpu_below_pct"]},
        "older_than_seconds": _("older than {}"),
        "paused_for_seconds": _("paused for {}"),
        "past_end_seconds": _("{} past its end"),
        "missing_metadata": _("missing metadata {}"),
        "over_limit": _("over the limit {}"),
        "duplicate_of": _("duplicates of {}, keep %(keep)s") % {"keep": shown["keep"] or "1"},
    }
    return ", ".join(words.format(shown[name]) for name, words in told.items() if shown[name])


def reach(spec: PolicySpec) -> str:
    """For whom it is: `env=staging, paused`; `everything` where it narrows nothing."""
    shown = typed(spec)
    states = "" if shown["states"] == ["running"] else _(" or ").join(shown["states"])
    parts = [shown["accounts"], shown["templates"], shown["metadata"], states]
    return ", ".join(part for part in parts if part) or _("everything running")


def _seconds(field: str, text: str) -> int:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise FieldError(field, _("%(text)s isn’t a duration: write 90 s, 20 min, 36 h or 7 d") % {"text": repr(text)})
    return int(found[1]) * _UNITS[found[2] or "s"]


def _number(field: str, text: str) -> float:
    try:
        return float(text.removesuffix("%").strip())
    except ValueError:
        raise FieldError(field, _("%(text)s isn’t a number") % {"text": repr(text)}) from None


def _count(field: str, text: str) -> int:
    if not text.isdecimal():
        raise FieldError(field, _("%(text)s isn’t a whole number") % {"text": repr(text)})
    return int(text)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise FieldError("metadata", _("%(text)s isn’t a key=value pair: write env=staging") % {"text": repr(text)})
    return key.strip(), value.strip()


def _hours(line: str) -> dict[str, Any]:
    found = _QUIET.fullmatch(line.strip().lower() if "/" not in line else _lower_but_zone(line.strip()))
    if found is None:
        wrong = _("%(text)s can't be read: write mon-fri 09:00-18:00 Europe/Berlin")
        raise FieldError("quiet_hours", wrong % {"text": repr(line.strip())})
    return {"days": _days(found[1]), "from": found[2], "to": found[3], "zone": found[4] or "UTC"}


def _lower_but_zone(line: str) -> str:
    rest, _space, zone = line.rpartition(" ")
    return f"{rest.lower()} {zone}"


def _days(text: str) -> list[str]:
    days: list[str] = []
    for part in _words(text):
        first, _dash, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise FieldError(
                "quiet_hours", _("%(text)s isn’t a day: use %(days)s") % {"text": repr(part), "days": ", ".join(_DAYS)}
            )
        days += _DAYS[_DAYS.index(first) : _DAYS.index(last or first) + 1] or [first, last]
    return days


def _hours_told(hours: Mapping[str, Any]) -> str:
    return f"{', '.join(hours['days'])} {hours['from']}-{hours['to']} {hours['zone']}"
