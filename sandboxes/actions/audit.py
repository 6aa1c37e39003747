"""Seals the audit's entries into a chain, lets go of what is past its age, and says who could alter the trail.

Each entry's hash covers the entry and the hash before it, so that nothing in the middle can be changed, added or taken
out unseen. Age takes entries from the beginning alone, and leaves a checkpoint in the chain: number, hash and time of
the last that went. The database's own functions do both, so that the role we work as needs no right to write here.
Whoever owns the tables can still write everything anew: give them a role of their own (`manage.py protect_audit`), and
note heads (number and hash) elsewhere, to which `verify` holds the chain. `audit_check` finds what is wrong.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sandboxes.actions import queries
from sandboxes.core import acting, database

SEALED_AT_ONCE: Final = 5_000
FOLLOWED: Final = ("sandboxes_action", *acting.FOLLOWED)  # whoever owns one may switch off its trigger
TABLES: Final = ("sandboxes_auditentry", *FOLLOWED)
FUNCTIONS: Final = (
    "sandboxes_audit_setting()", "sandboxes_audit_accounts(text, jsonb)",
    "sandboxes_audit_action()", "sandboxes_audit_keep()", "sandboxes_audit_stays()",
    "sandboxes_audit_seal(integer)", "sandboxes_audit_prune(timestamp with time zone)",
    "sandboxes_audit_erase(bigint[], text, text, text)", "sandboxes_audit_note(jsonb)",
    "sandboxes_audit_erase_settings(bigint[], text, text, text)",
)  # fmt: skip
CALLED: Final = FUNCTIONS[-5:]  # by the server itself
log = logging.getLogger(__name__)


def seal() -> int:
    """Gives the entries that have none their number and hash, oldest first; how many. One sealer at a time."""
    total = 0
    while True:
        sealed = int(database.row(queries.AUDIT_SEAL, [SEALED_AT_ONCE])[0])
        total += sealed
        if sealed < SEALED_AT_ONCE:
            return total


def prune(before: datetime) -> int:
    """Takes sealed entries of before `before` from the beginning of the chain, never younger than 399 days; how many.

    Where some went, the chain holds a checkpoint that says so.
    """
    return int(database.row(queries.AUDIT_PRUNE, [before])[0])


def erase(actions: Sequence[int], named: str, pseudonym: str, by: str) -> int:
    """Takes what may identify somebody out of these actions' entries; how many. An actor `named` gets the pseudonym.

    Hashes stay, and a sealed entry tells which entries were erased `by` whom. What has no entry yet is sealed before.
    """
    return int(database.row(queries.AUDIT_ERASE, [list(actions), named, pseudonym, by])[0])


def erase_settings(entries: Sequence[int], named: str, pseudonym: str, by: str) -> int:
    """Takes names and values out of these entries on settings, by primary key; how many. Otherwise as `erase`."""
    return int(database.row(queries.AUDIT_ERASE_SETTINGS, [list(entries), named, pseudonym, by])[0])


def head() -> str:
    """`NUMBER:HASH` of the last sealed entry, to be kept elsewhere; empty before the first."""
    found = database.rows(queries.AUDIT_HEAD)
    if not found:
        return ""
    number, of_it = found[0]
    return f"{number}:{bytes(of_it).hex()}"


def log_head() -> None:
    """Notes the head in the log, which whoever collects logs keeps where this server can't reach it."""
    if noted := head():
        log.info("audit head %s", noted)


def is_alterable() -> bool:
    """Whether the role that we work as could alter the trail: it owns some of it, or may write to it."""
    return bool(database.row(queries.AUDIT_ALTERABLE, {"tables": list(TABLES), "functions": list(FUNCTIONS)})[0])
