"""Who acts now, told to the database before each change that the audit of settings follows.

The triggers there (migration `audit_of_settings`) see who: what a page, a call or a command changes bears its name,
what our own rounds change bears the server's, and what somebody changes beside us bears their role in the database.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from sandboxes.core import queries

Kind = Literal["user", "token", "command", "server", "nobody"]
# Each has a trigger `sandboxes_audit_setting`; a test compares this list with the database's.
FOLLOWED: Final = (
    "auth_user", "dashboard_apitoken", "dashboard_member", "dashboard_signinprovider", "dashboard_signinrules",
    "mfa_authenticator", "sandboxes_account", "sandboxes_accountbrake", "sandboxes_accountprice",
    "sandboxes_alertroutes", "sandboxes_alertrule", "sandboxes_approval", "sandboxes_channel", "sandboxes_freeze",
    "sandboxes_invoiceentered", "sandboxes_limit", "sandboxes_ownercallback", "sandboxes_policy", "sandboxes_price",
    "sandboxes_silence", "socialaccount_socialaccount",
)  # fmt: skip
_CHANGES: Final = re.compile(rf'\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(?:{"|".join(FOLLOWED)})"?(?:\s|$)')
Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


class Actor(NamedTuple):
    """Whom the audit names. A command is `manage.py NAME`; nobody is who could not sign in."""

    kind: Kind
    name: str


_actor: ContextVar[Actor | None] = ContextVar("who acts", default=None)


def as_who(actor: Actor | None) -> None:
    """From now on this one acts in what runs here; None: the process itself."""
    _actor.set(actor)


@contextmanager
def acting(kind: Kind, name: str) -> Iterator[None]:
    """`as_who` for a block."""
    before = _actor.get()
    _actor.set(Actor(kind, name))
    try:
        yield
    finally:
        _actor.set(before)


def current() -> Actor:
    """Who acts now: whoever asked, else the command that runs, else the server itself."""
    return _actor.get() or _process()


def watch() -> None:
    """Has every connection tell the database who acts. Called once, when the app is ready."""
    connection_created.connect(_teach, dispatch_uid="sandwarden-acting")


def _teach(connection: BaseDatabaseWrapper, **_: object) -> None:
    if _tell not in connection.execute_wrappers:
        connection.execute_wrappers.append(_tell)


def _tell(execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Told anew before each change: connections go from one request to the next, and a rollback takes it back."""
    if isinstance(sql, str) and not sql.startswith("SELECT") and _CHANGES.search(sql):
        execute(queries.TELL_ACTOR, [json.dumps(current()._asdict())], False, context)
    return execute(sql, params, many, context)


def _process() -> Actor:
    command = sys.argv[1:2] if sys.argv and sys.argv[0].endswith("manage.py") else []
    return Actor("command", command[0][:100]) if command else Actor("server", "sandwarden")
