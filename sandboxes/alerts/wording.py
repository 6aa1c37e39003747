"""What an alert says: a sentence whose numbers are bold, and its cause."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from sandboxes.alerts.rules import KINDS

Part = tuple[str, bool]
_METRICS: Final = {
    "cpu_pct": gettext_noop("CPU"), "mem_pct": gettext_noop("memory"), "disk_pct": gettext_noop("disk"),
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What is asked of an alert: its kind, the rule's fields, group, figure against limit, and what is told besides."""

    kind: str
    given: Mapping[str, Any]
    group: Mapping[str, str]
    value: float
    threshold: float | None
    count: int
    told: Mapping[str, Any]


def text_of(said: Said) -> str:
    """The sentence as one text."""
    return "".join(text for text, _bold in parts_of(said))


def parts_of(said: Said) -> list[Part]:
    """The sentence in parts; the numbers that matter are bold."""
    if said.told.get("groups"):
        return _bold(_("{n} groups of one rule at once: {what}"), n=f"{said.told['groups']:,}", what=said.kind)
    return _SENTENCES.get(said.kind, _counted)(said)


def cause_of(said: Said) -> str:
    """Why, as far as it is told; empty where it is not."""
    return str(said.told.get("why", ""))


def figure(kind: str, value: float) -> str:
    """A figure in its kind's unit, as people read it."""
    unit = KINDS[kind].unit
    if unit == "pct":
        return _("{n} %").format(n=f"{value:.1f}".rstrip("0").rstrip("."))
    if unit == "usd_per_hour":
        return _("${n}/h").format(n=f"{value:,.2f}")
    if unit == "seconds":
        return span(value)
    if unit == "days":
        return ngettext("%(n)s day", "%(n)s days", round(value)) % {"n": f"{value:.0f}"}
    return f"{value:,.0f}"


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    whole = max(int(seconds), 0)
    days, hours, minutes = whole // 86_400, whole % 86_400 // 3600, whole % 3600 // 60
    if days:
        return _("{d} d {h} h").format(d=days, h=hours) if hours else _("{d} d").format(d=days)
    if hours:
        return _("{h} h {m} min").format(h=hours, m=minutes) if minutes else _("{h} h").format(h=hours)
    return _("{m} min").format(m=minutes) if whole >= 60 else _("{s} s").format(s=whole)


def where(group: Mapping[str, str]) -> str:
    """The group in words: "of swe-agent in prod"; empty for everything."""
    told = [_WORDS.get(key, _other)(key, value) for key, value in group.items() if key not in ("policy", "channel")]
    return "".join(f" {word}" for word in told)


def _other(key: str, value: str) -> str:
    return f"{key.partition('.')[2] or key}={value or _('(none)')}"


_WORDS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "account": lambda _key, value: _("in {account}").format(account=value),
    "template": lambda _key, value: _("of {template}").format(template=value or _("no template")),
    "owner": lambda _key, value: _("of {owner}").format(owner=value or _("no owner")),
    "environment": lambda _key, value: _("in {environment}").format(environment=value or _("no environment")),
}


_PLAIN: Final = ("where", "side", "why")


def _bold(text: str, **values: str) -> list[Part]:
    """The text's plain parts, and what stands for its names: in bold, but for `_PLAIN` ones."""
    parts: list[Part] = []
    while text:
        plain, brace, rest = text.partition("{")
        name, _end, text = rest.partition("}")
        value = values[name] if brace else ""
        parts += [(plain, False)] * bool(plain) + [(value, name not in _PLAIN)] * bool(value)
    return parts


def _sandboxes(n: int) -> str:
    return ngettext("%(n)s sandbox", "%(n)s sandboxes", n) % {"n": f"{n:,}"}


def _counted(said: Said) -> list[Part]:
    return _bold("{what}{where}", what=figure(said.kind, said.value), where=where(said.group))


def _running(said: Said) -> list[Part]:
    if "cap" in said.told:
        share = f"{said.told['running']:,} of {said.told['cap']:,}"
        pct = figure("usage", said.value)
        return _bold(_("{share} running{where}, {pct} of the cap"), share=share, pct=pct, where=where(said.group))
    return _bold(_("{n} running{where}"), n=_sandboxes(said.count), where=where(said.group))


def _usage(said: Said) -> list[Part]:
    text = _("{n}{where} over {limit}") if "above" in said.given else _("{n}{where} under {limit}")
    limit = f"{figure('usage', said.threshold or 0)} {_(_METRICS[said.given['metric']])}"
    return _bold(text, n=_sandboxes(said.count), where=where(said.group), limit=limit)


def _deaths(said: Said) -> list[Part]:
    reasons = ", ".join(said.given.get("reasons") or [])
    return _bold(
        _("{n}{where} ended within {span}{why}"), n=_sandboxes(said.count), where=where(said.group),
        span=span(said.given["window_seconds"]), why=f" ({reasons})" if reasons else "",
    )  # fmt: skip


def _unreadable(said: Said) -> list[Part]:
    names = ", ".join(said.told.get("accounts", [])) or said.group.get("account", "")
    if said.told.get("key"):
        return _bold(_("The key of {accounts} is refused"), accounts=names)
    return _bold(_("{accounts} can't be read for {span}"), accounts=names, span=span(said.value))


def _breaker(said: Said) -> list[Part]:
    if "policy" in said.group:
        return _bold(_("The safety stop of {policy} tripped"), policy=said.group["policy"])
    return _bold(_("The safety limit of {account} tripped: its policies are suspended"), account=said.group["account"])


def _simple(text: str) -> Callable[[Said], list[Part]]:
    """A sentence with the account, the figure in its unit, and the count in it."""

    def sentence(said: Said) -> list[Part]:
        values = {
            "account": said.group.get("account", _("all accounts")), "value": figure(said.kind, said.value),
            "n": f"{said.count:,}", "sandboxes": _sandboxes(said.count), "where": where(said.group),
            "channel": said.group.get("channel", ""), "limit": figure(said.kind, said.threshold or 0),
        }  # fmt: skip
        return _bold(_(text), **values)

    return sentence


def _limit(said: Said) -> list[Part]:
    who = said.group.get("value") or said.group.get("limit", "")
    return _bold(_("{who} is at {pct} of its limit {limit}"), who=who, pct=figure("usage", said.value),
                 limit=said.group.get("limit", ""))  # fmt: skip


_SENTENCES: Final[Mapping[str, Callable[[Said], list[Part]]]] = {
    "running": _running,
    "burn": _simple(gettext_noop("{value} spent{where}")),
    "limit": _limit,
    "orphans": _simple(gettext_noop("{sandboxes}{where} held as orphans")),
    "usage": _usage,
    "deaths": _deaths,
    "refused_starts": _simple(gettext_noop("{n} starts refused in {account}: its plan's limit is reached")),
    "paused_older_than": _simple(gettext_noop("{sandboxes}{where} paused for longer than {limit}, one for {value}")),
    "max_life": _simple(gettext_noop("{sandboxes}{where} reach the plan's longest life, the first in {value}")),
    "unreadable": _unreadable,
    "webhook_silent": _simple(gettext_noop("No webhook deliveries from {account} for {value}")),
    "late": _simple(gettext_noop("{account} has not been polled for {value}")),
    "breaker": _breaker,
    "action_failed": _simple(gettext_noop("{n} actions failed in {account}")),
    "came_back": _simple(gettext_noop("{sandboxes} came back in {account} after being killed")),
    "channel_failed": _simple(gettext_noop("Notifications to {channel} fail")),
    "disk_full": _simple(gettext_noop("Our disk is full in {value}")),
}
