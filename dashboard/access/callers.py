"""Who calls, and what they may do now: a person by their role, a program by its token and by the token's maker."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from django.http import HttpRequest

from dashboard.access.rights import EVERYTHING, NONE, Rights, Verb, of_role
from dashboard.models import ApiToken, Member


@dataclass(frozen=True)
class Caller:
    """`key` tells callers apart for ever, `name` is what the audit trail shows."""

    kind: Literal["token", "user"]
    key: str
    name: str
    rights: Rights = NONE
    role: str | None = None

    @property
    def label(self) -> str:
        """As records that keep one text name it: `ada`, or `token ci`."""
        return self.name if self.kind == "user" else f"token {self.name}"


NOBODY: Final = Caller("user", "user:0", "")


def may(caller: Caller, verb: Verb, account: int | None = None) -> bool:
    """The one question that every page, call, message, export and palette entry asks before it does anything.

    `account` is the primary key of the account that is concerned; without one: in any account at all.
    """
    return caller.rights.may(verb, account)


def of_user(user: Any) -> Caller:
    """A person; NOBODY for who is not signed in or was deactivated."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    role, accounts = role_of(user)
    if getattr(user, "lacks_factor", False):  # until they have the second factor that their role asks for
        return Caller("user", f"user:{user.pk}", user.get_username(), NONE, role)
    return Caller("user", f"user:{user.pk}", user.get_username(), of_role(role, accounts), role)


def role_of(user: Any) -> tuple[str, list[int] | None]:
    """Role and accounts. A login without a role of its own: admin where it is staff, else viewer, of all accounts."""
    member: Member | None = getattr(user, "member", None)
    if member is not None:
        return member.role, member.accounts
    staff = user.is_staff or user.is_superuser
    return (Member.Role.ADMIN if staff else Member.Role.VIEWER), None


def of_token(token: ApiToken) -> Caller:
    """A program: its token's scopes and accounts, within what the token's maker may do now."""
    scopes = frozenset(Verb(scope) for scope in token.scopes if scope in EVERYTHING.scopes)
    rights = Rights(scopes, None if token.accounts is None else frozenset(token.accounts))
    if token.made_by is not None:
        rights = rights.within(of_user(token.made_by).rights)
    return Caller("token", f"token:{token.pk}", token.name, rights)


def of_request(request: HttpRequest) -> Caller:
    """Who sent it: the token's caller once a token was read, else the person who is signed in."""
    known: Caller | None = getattr(request, "caller", None)
    if known is None:
        known = request.caller = of_user(request.user)  # type: ignore[attr-defined]
    return known
