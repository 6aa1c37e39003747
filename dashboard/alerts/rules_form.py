"""The form of a rule: its common fields and those of its kind, read from a form, an address or a stored rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.alerts import rule_words
from sandboxes.alerts import book
from sandboxes.alerts.rules import KINDS, AlertRuleSpec, as_dict, parse
from sandboxes.alerts.rules.kinds import METADATA, fields_of
from sandboxes.core import sight
from sandboxes.models import Account, AlertRule, Channel, Limit

# Label and unit.
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "above": (gettext_noop("Over"), ""), "below": (gettext_noop("Under"), ""),
    "above_pct_of_cap": (gettext_noop("Over share of the cap"), "%"),
    "usd_per_hour_above": (gettext_noop("Over"), "$/h"), "limit": (gettext_noop("Limit"), ""),
    "at_pct": (gettext_noop("At"), "%"), "metric": (gettext_noop("Metric"), ""),
    "reasons": (gettext_noop("Reasons"), ""), "window_seconds": (gettext_noop("Within"), "s"),
    "seconds": (gettext_noop("Longer than"), "s"), "within_seconds": (gettext_noop("Within"), "s"),
    "max_life_seconds": (gettext_noop("Longest life"), "s"), "within_days": (gettext_noop("Within"), "d"),
}  # fmt: skip
METRICS: Final = ("cpu_pct", "mem_pct", "disk_pct")
REASONS: Final = ("timeout", "request", "vanished", "unknown", "policy")
_LISTS: Final = ("group_by", "accounts", "channels", "reasons")
_OTHERS: Final = ("csrfmiddlewaretoken", "do", "metadata_key")
SEVERITIES: Final = ("critical", "warning", "info")
_WHOLE: Final = ("window_seconds", "seconds", "within_seconds", "max_life_seconds", "within_days", "for_seconds",
                 "repeat_seconds")  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a kind: its name, label, unit, value, and what may be chosen (none: it is typed)."""

    name: str
    label: str
    unit: str
    value: str
    choices: tuple[str, ...] = ()
    needed: bool = True


class RuleForm:
    """What was typed, as text; `wrong` is what can't be meant of it."""

    def __init__(self, kind: str, typed: dict[str, Any]) -> None:
        self.kind, self.typed, self.wrong = kind, typed, ""

    @classmethod
    def blank(cls, kind: str, given: QueryDict) -> "RuleForm":
        """Of a new rule; the address may fill in fields (a chart's "Alert me on this")."""
        usual: dict[str, Any] = {
            "name": rule_words.kinds_by_name()[kind], "for_seconds": 60, "severity": "warning",
            "repeat_seconds": 14_400, "group_by": list(KINDS[kind].default_groups), "enabled": True,
        }  # fmt: skip
        filled = {
            name: given[name] for name in (*fields_of(KINDS[kind]), "name", "severity", "for_seconds") if name in given
        }
        return cls(kind, usual | filled | ({"group_by": given.getlist("group_by")} if "group_by" in given else {}))

    @classmethod
    def of_rule(cls, rule: AlertRule) -> "RuleForm":
        """As it is stored."""
        return cls(rule.kind, as_dict(book.spec_of(rule)))

    @classmethod
    def of_post(cls, sent: QueryDict, rule: AlertRule | None = None) -> "RuleForm":
        """As it was sent. What the form does not show of a stored rule stays."""
        kind = rule.kind if rule is not None else sent.get("kind", "")
        lists = {name: [str(one) for one in sent.getlist(name) if one] for name in _LISTS}
        if extra := str(sent.get("metadata_key", "")).strip():
            lists["group_by"] = [*lists["group_by"], f"{METADATA}{extra.removeprefix(METADATA)}"]
        plain = {name: str(sent[name]).strip() for name in sent if name not in (*_LISTS, *_OTHERS)}
        kept = {"quiet_hours": rule.quiet_hours} if rule is not None else {}
        return cls(kind, plain | lists | kept | {"enabled": "enabled" in sent})

    def spec(self) -> AlertRuleSpec:
        """The rule that was typed. Raises RuleError."""
        given: dict[str, Any] = {"kind": self.kind}
        own = fields_of(KINDS[self.kind]) if self.kind in KINDS else ()
        for name in ("name", "severity", "route_by", "resolve_at", "for_seconds", "repeat_seconds", *own):
            value = self.typed.get(name)
            if value not in (None, "", []):
                given[name] = _number(name, value)
        for name in ("group_by", "accounts", "channels", "quiet_hours", "enabled"):
            if name in self.typed:
                given[name] = self.typed[name]
        return parse(given)

    @property
    def fields(self) -> list[Field]:
        """Those of its kind."""
        kind = KINDS[self.kind]
        names = [*kind.all_of, *kind.one_of, *kind.maybe]
        return [self._field(name, needed=name in kind.all_of) for name in names if name != "reasons"]

    def _field(self, name: str, *, needed: bool) -> Field:
        label, unit = WORDS[name]
        choices: tuple[str, ...] = ()
        if name == "metric":
            choices = METRICS
        elif name == "limit":
            choices = tuple(Limit.objects.values_list("name", flat=True))
        if name in ("above", "below"):
            unit = {"pct": "%", "sandboxes": _("sandboxes")}.get(KINDS[self.kind].unit, "")
        return Field(name, _(label), unit, _shown(self.typed.get(name)), choices, needed)

    @property
    def common(self) -> dict[str, str]:
        """The common fields, as text."""
        return {
            name: _shown(self.typed.get(name))
            for name in ("name", "for_seconds", "resolve_at", "repeat_seconds", "route_by")
        }

    @property
    def groups(self) -> list[tuple[str, bool]]:
        """What it can be grouped by, and whether it is."""
        chosen = self.typed.get("group_by") or []
        return [(one, one in chosen) for one in KINDS[self.kind].groups if one != METADATA]

    @property
    def takes_metadata(self) -> bool:
        """Whether any metadata key can tell its groups apart."""
        return METADATA in KINDS[self.kind].groups

    @property
    def metadata_key(self) -> str:
        """The metadata key that it is grouped by."""
        found = [one for one in self.typed.get("group_by") or [] if one.startswith(METADATA)]
        return found[0].removeprefix(METADATA) if found else ""

    @property
    def reasons(self) -> list[tuple[str, bool]]:
        """Of deaths; none for other kinds."""
        if "reasons" not in fields_of(KINDS[self.kind]):
            return []
        return [(one, one in (self.typed.get("reasons") or [])) for one in REASONS]

    @property
    def channels(self) -> list[tuple[str, bool]]:
        """All, and those that are ticked."""
        chosen = self.typed.get("channels") or []
        there = list(Channel.objects.values_list("name", flat=True))
        return [(one, one in chosen) for one in [*there, *[name for name in chosen if name not in there]]]

    @property
    def accounts(self) -> list[tuple[str, bool]]:
        """Those that may be seen, where there are several."""
        there = sorted(one.name for one in sight.held(Account.objects.only("name")))
        chosen = self.typed.get("accounts") or []
        return [(one, one in chosen) for one in there] if len(there) > 1 else []

    @property
    def severities(self) -> list[tuple[str, bool]]:
        """All, and the one that is chosen."""
        return [(one, one == self.typed.get("severity")) for one in SEVERITIES]

    @property
    def enabled(self) -> bool:
        """Whether it is on."""
        return bool(self.typed.get("enabled"))

    @property
    def watches(self) -> str:
        """What its kind watches."""
        return rule_words.kinds_by_name().get(self.kind, "")


def _number(name: str, value: Any) -> Any:
    """A number where the field is one; what is none stays as it was typed, and is refused by name."""
    if not isinstance(value, str) or name in ("name", "severity", "route_by", "metric", "limit"):
        return value
    try:
        number = float(value.replace(",", ""))
    except ValueError:
        return value
    return int(number) if name in _WHOLE and number == int(number) else number


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) and abs(value) < 1e6 else str(value)
