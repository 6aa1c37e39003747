"""Erasing what is held about one owner: who that is, and the parts that lie in the fleet's own tables and files."""

from sandboxes.cleanup.erasure.files import erase_files
from sandboxes.cleanup.erasure.leases import erase_leases, kept_leases
from sandboxes.cleanup.erasure.leftovers import leftovers
from sandboxes.cleanup.erasure.mentions import Mentions
from sandboxes.cleanup.erasure.rows import STEPS, Step, vacuum
from sandboxes.cleanup.erasure.shared_memory import erase_redis
from sandboxes.cleanup.erasure.subject import Refused, Subject, check, subject_of

__all__ = [
    "STEPS",
    "Mentions",
    "Refused",
    "Step",
    "Subject",
    "check",
    "erase_files",
    "erase_leases",
    "erase_redis",
    "kept_leases",
    "leftovers",
    "subject_of",
    "vacuum",
]
