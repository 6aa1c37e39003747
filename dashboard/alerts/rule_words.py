"""Rules in words: what each kind watches, and when a rule fires."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sandboxes.alerts import wording
from sandboxes.models import AlertRule

KINDS: Final[Mapping[str, str]] = {
    "running": gettext_noop("Sandboxes running, or their share of the cap"),
    "burn": gettext_noop("What the fleet costs an hour"),
    "limit": gettext_noop("Share of a limit that is used"),
    "orphans": gettext_noop("Orphans"),
    "usage": gettext_noop("CPU, memory or disk of sandboxes"),
    "deaths": gettext_noop("Sandboxes that end, by reason"),
    "refused_starts": gettext_noop("Starts that the plan’s limit refuses"),
    "paused_older_than": gettext_noop("Sandboxes paused for long"),
    "max_life": gettext_noop("Sandboxes near the plan’s longest life"),
    "unreadable": gettext_noop("An account that can’t be read"),
    "webhook_silent": gettext_noop("Webhooks that stop coming"),
    "late": gettext_noop("Polls that are late"),
    "breaker": gettext_noop("Safety stops and safety limits that trip"),
    "action_failed": gettext_noop("Actions that fail"),
    "came_back": gettext_noop("Sandboxes that come back after a kill"),
    "channel_failed": gettext_noop("Notifications that fail"),
    "disk_full": gettext_noop("Our own disk filling up"),
}
_METRICS: Final = {"cpu_pct": gettext_noop("CPU"), "mem_pct": gettext_noop("memory"), "disk_pct": gettext_noop("disk")}


def kinds() -> list[tuple[str, str]]:
    """Each kind with what it watches."""
    return [(kind, _(word)) for kind, word in KINDS.items()]


def when(rule: AlertRule) -> str:
    """When it fires, in a few words."""
    given = rule.given
    span = _(" for %(span)s") % {"span": wording.span(rule.for_seconds)} if rule.for_seconds else ""
    return _figure(rule.kind, given) + span


def _figure(kind: str, given: Mapping[str, object]) -> str:
    limit = next(
        (value for name, value in given.items() if isinstance(value, int | float) and "window" not in name), None
    )
    if kind == "usage":
        side = _("over") if "above" in given else _("under")
        shown = wording.figure(kind, float(given.get("above", given.get("below", 0))))  # type: ignore[arg-type]
        return f"{_(_METRICS[str(given['metric'])])} {side} {shown}"
    if "above_pct_of_cap" in given:
        return _("over %(pct)s of the cap") % {"pct": wording.figure("usage", float(str(given["above_pct_of_cap"])))}
    if limit is None:
        return _("any")
    if kind == "limit":
        return _("%(pct)s of %(name)s") % {"pct": wording.figure(kind, float(limit)), "name": given.get("limit")}
    side = _("under") if kind in ("max_life", "disk_full") else _("over")
    return f"{side} {wording.figure(kind, float(limit))}"


def kinds_by_name() -> dict[str, str]:
    """The same as a dict."""
    return dict(kinds())
