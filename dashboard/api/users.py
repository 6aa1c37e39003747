"""`/users`: people, their roles and accounts, their sessions."""

# ruff: noqa: ARG001 - every call is handed the request

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from django.contrib.auth.models import User as Login
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.access import callers, mail, people
from dashboard.access.callers import role_of
from dashboard.access.invitations import address_of
from dashboard.access.rights import Verb
from dashboard.api.answers import answer, caller, nothing, returns
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.naming import ALL, account_keys, account_names, all_names
from dashboard.api.once import never_kept
from dashboard.api.paging import by_key
from dashboard.api.params import Form, Paged, Text
from sandboxes.fleet.search import Page

router = Router(tags=["access"])
Role = Literal["viewer", "operator", "admin"]


class UserBody(Form):
    """`accounts` are names, or `*` alone for all."""

    username: Annotated[Text, Field(min_length=1, max_length=150, pattern=r"^[\w.@+-]+$")]
    email: Annotated[Text, Field(max_length=254)] = ""
    role: Role = "viewer"
    accounts: list[Text] = [ALL]


class UserChange(Form):
    """What is left out stays."""

    email: Annotated[Text, Field(max_length=254)] | None = None
    role: Role | None = None
    accounts: list[Text] | None = None
    active: Annotated[bool, Field(strict=True)] | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """`sign_in`: `password` once one is chosen, `invited` while the invitation waits, `sso` with a provider."""

    id: int
    username: str
    email: str
    role: str
    accounts: list[str]
    active: bool
    last_seen_at: datetime | None
    second_factor: bool
    sign_in: list[str]


class UserInvited(User, frozen=True, kw_only=True):
    """With the address where the person chooses a password: once, within 72 hours."""

    invitation_url: str


UserList = msgspec.defstruct("UserList", [("items", list[User]), ("next", str | None), ("total", int)], module=__name__)


class Session(msgspec.Struct, frozen=True):
    """`current`: the one that asks."""

    id: str
    expires_at: datetime
    current: bool


SessionList = msgspec.defstruct(
    "SessionList", [("items", list[Session]), ("next", str | None), ("total", int)], module=__name__
)


@router.get("", operation_id="list_users", **returns(UserList))
def list_users(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """All people, in the order they came; deactivated ones too."""
    found, known = people.everybody(), all_names()
    shown, following = by_key(found, asked, newest_first=False)
    return answer(Page([_row(one, known) for one in shown], following, found.count()))


@router.post("", operation_id="create_user", **returns(UserInvited, 201))
def create(request: HttpRequest, body: UserBody) -> HttpResponse:
    """Invites a person. 409 for a name that exists, 403 for a role or accounts that the caller lacks."""
    try:
        made, text = people.invite(
            caller(request), body.username, _email(body.email), body.role, account_keys(body.accounts)
        )
    except people.NotGiven as lacking:
        raise _not_given(lacking) from None
    except people.Taken as taken:
        raise Refusal(409, "name_in_use", str(taken)) from None
    mail.invite(made, caller(request).label, address_of(text))
    told = UserInvited(**msgspec.structs.asdict(_row(made)), invitation_url=address_of(text))
    return never_kept(answer(told, 201), made.pk)


@router.get("/{int:user_id}", operation_id="get_user", **returns(User))
def one(request: HttpRequest, user_id: int) -> HttpResponse:
    """One person."""
    return answer(_row(_user(user_id)))


@router.patch("/{int:user_id}", operation_id="update_user", **returns(User))
def change(request: HttpRequest, user_id: int, body: UserChange) -> HttpResponse:
    """Another role, accounts, address, or active again. 409 where no active admin of all accounts would remain."""
    user = _user(user_id)
    role, accounts = role_of(user)
    try:
        if body.email is not None:
            user.email = _email(body.email)
            user.save(update_fields=["email"])
        if body.role is not None or body.accounts is not None:
            keys = accounts if body.accounts is None else account_keys(body.accounts)
            people.change(caller(request), user, body.role or role, keys)
        if body.active is not None and body.active != user.is_active:
            people.set_active(user, active=body.active)
    except people.NotGiven as lacking:
        raise _not_given(lacking) from None
    except people.LastAdmin as last:
        raise Refusal(409, "last_admin", str(last)) from None
    return answer(_row(_user(user_id)))


@router.delete("/{int:user_id}", operation_id="deactivate_user", **returns(None, 204))
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Sessions, open pages and own tokens end within 5 s; the audit trail keeps the name. 409 for the last admin."""
    try:
        people.set_active(_user(user_id), active=False)
    except people.LastAdmin as last:
        raise Refusal(409, "last_admin", str(last)) from None
    return nothing()


@router.get("/{int:user_id}/sessions", operation_id="list_sessions", **returns(SessionList))
def sessions(request: HttpRequest, user_id: int) -> HttpResponse:
    """Where the person is signed in: one's own, or anybody's for admins of all accounts."""
    rows = [
        Session(people.session_id(one), one.expire_date, one.session_key == request.session.session_key)
        for one, _ in people.sessions_of(_own(request, user_id))
    ]
    return answer(Page(rows, None, len(rows)))


@router.delete("/{int:user_id}/sessions/{session_id}", operation_id="end_session", **returns(None, 204))
def end(request: HttpRequest, user_id: int, session_id: str) -> HttpResponse:
    """Signs out there; open pages of it end within 5 s."""
    for one, _ in people.sessions_of(_own(request, user_id)):
        if people.session_id(one) == session_id:
            one.delete()
            return nothing()
    raise not_found(f"session {session_id!r}")


def _user(user_id: int) -> Login:
    found = people.everybody().filter(pk=user_id).first() if user_id < 2**31 else None
    if found is None:
        raise not_found(f"user {user_id}")
    return found


def _own(request: HttpRequest, user_id: int) -> Login:
    who = caller(request)
    if who.key != f"user:{user_id}" and not callers.may(who, Verb.SYSTEM):
        raise not_found(f"user {user_id}")
    return _user(user_id)


def _email(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise bad_request("email: this is no address", {"field": "email"}) from None
    return text


def _not_given(lacking: people.NotGiven) -> Refusal:
    return Refusal(403, "forbidden", str(lacking), details={"needs": ["role", "accounts"]})


def _row(user: Login, known: Mapping[int, str] | None = None) -> User:
    role, accounts = role_of(user)
    invited = bool(getattr(user, "member", None) and user.member.invitation)
    return User(
        id=user.pk, username=user.get_username(), email=user.email, role=role, accounts=account_names(accounts, known),
        active=user.is_active, last_seen_at=_seen(user), second_factor=bool(getattr(user, "has_factor", False)),
        sign_in=_sign_in(user, invited=invited),
    )  # fmt: skip


def _seen(user: Login) -> datetime | None:
    """The last request of theirs, to ten minutes, or the sign-in after it."""
    member = getattr(user, "member", None)
    return max((at for at in (user.last_login, member and member.last_seen_at) if at), default=None)


def _sign_in(user: Login, *, invited: bool) -> list[str]:
    """The ways in that they have."""
    ways = [("password", user.has_usable_password()), ("invited", invited), ("sso", getattr(user, "has_sso", False))]
    return [name for name, there in ways if there]
