"""What makes an alert: pure rules, figures in, verdict out; no I/O, no clock of their own."""

from sandboxes.alerts.rules.figures import Figure, Level, level_of, resolve_limit
from sandboxes.alerts.rules.kinds import KINDS, Kind
from sandboxes.alerts.rules.life import Watch, step
from sandboxes.alerts.rules.spec import AlertRuleSpec, RuleError, as_dict, parse, threshold_of

__all__ = [
    "KINDS",
    "AlertRuleSpec",
    "Figure",
    "Kind",
    "Level",
    "RuleError",
    "Watch",
    "as_dict",
    "level_of",
    "parse",
    "resolve_limit",
    "step",
    "threshold_of",
]
