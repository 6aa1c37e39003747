"""What makes a sandbox an orphan: pure rules, facts in, judgement with reasons out; no I/O, no clock of their own."""

from sandboxes.policies.facts import CpuWindow, DuplicatePlace, Facts, LeaseHeld, LimitPlace, Protection
from sandboxes.policies.judge import Judgement, OurPause, SignOfLife, explain, judge, judge_quarantine
from sandboxes.policies.keep import KEEP, Keep, pairs
from sandboxes.policies.quiet import is_quiet, quiet_now
from sandboxes.policies.rules import Asked, Reason, duplicate_places
from sandboxes.policies.spec import OrphanWhen, PolicyError, PolicyMatch, PolicySpec, QuietHours, as_dict, parse

__all__ = [
    "KEEP",
    "Asked",
    "CpuWindow",
    "DuplicatePlace",
    "Facts",
    "Judgement",
    "Keep",
    "LeaseHeld",
    "LimitPlace",
    "OrphanWhen",
    "OurPause",
    "PolicyError",
    "PolicyMatch",
    "PolicySpec",
    "Protection",
    "QuietHours",
    "Reason",
    "SignOfLife",
    "as_dict",
    "duplicate_places",
    "explain",
    "is_quiet",
    "judge",
    "judge_quarantine",
    "pairs",
    "parse",
    "quiet_now",
]
