"""People: invited, given a role, deactivated; and their sessions. What must not happen is refused here, for page and
API alike: nobody gives what they lack, and an admin of all accounts always remains."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.access import factors
from dashboard.access.callers import Caller, role_of
from dashboard.access.rights import of_role
from dashboard.models import ApiToken, Member
from sandboxes.core import acting

INVITED_FOR: Final = timedelta(hours=72)


class NotGiven(ValueError):
    """It would give what the giver lacks."""


class LastAdmin(ValueError):
    """Nobody could let anybody in any more."""

    def __init__(self) -> None:
        super().__init__(_("this is the last active admin of all accounts"))


class Taken(ValueError):
    """There is a person of that name."""


def everybody() -> QuerySet[User]:
    """All people by name, each with their role, `has_factor` and `lacks_factor`."""
    found: QuerySet[User] = factors.with_factors(User.objects.select_related("member")).order_by("username")
    return found


@transaction.atomic
def invite(by: Caller, username: str, email: str, role: str, accounts: Sequence[int] | None) -> tuple[User, str]:
    """A person who has yet to choose a password, and the text that lets them, once and for INVITED_FOR.

    Raises NotGiven, and Taken for a name that exists.
    """
    _check_given(by, role, accounts)
    try:
        with transaction.atomic():
            user = get_user_model().objects.create_user(username, email)
    except IntegrityError:
        raise Taken(_("there is a person named %(name)s already") % {"name": repr(username)}) from None
    text = secrets.token_urlsafe(32)
    Member.objects.create(
        user=user, role=role, accounts=None if accounts is None else sorted(accounts), invited_by=by.label,
        invitation=ApiToken.digest_of(text), invited_until=timezone.now() + INVITED_FOR,
    )  # fmt: skip
    return everybody().get(pk=user.pk), text


def invited(text: str, now: datetime) -> Member | None:
    """Whose invitation this is, while it holds."""
    found = Member.objects.select_related("user").filter(invitation=ApiToken.digest_of(text), invited_until__gt=now)
    return found.filter(user__is_active=True).first()


@transaction.atomic
def accept(text: str, password: str, now: datetime) -> User | None:
    """Gives the invited person their password; None when the invitation was used or has run out."""
    member = invited(text, now)
    if member is None:
        return None
    with acting.acting("user", member.user.get_username()):
        held = Member.objects.filter(pk=member.pk, invitation=member.invitation)
        if not held.update(invitation="", invited_until=None):
            return None
        member.user.set_password(password)
        member.user.save(update_fields=["password"])
    return member.user


@transaction.atomic
def change(by: Caller, user: User, role: str, accounts: Sequence[int] | None) -> None:
    """Another role, or other accounts. Raises NotGiven and LastAdmin."""
    _check_given(by, role, accounts)
    map_role(user, role, accounts)


@transaction.atomic
def map_role(user: User, role: str, accounts: Sequence[int] | None) -> None:
    """As the groups of a provider say, whoever gave them. Raises LastAdmin."""
    if not (role == Member.Role.ADMIN and accounts is None):
        _check_not_last(user)
    member = Member.objects.filter(user=user).first() or Member(user=user)
    member.role, member.accounts = role, None if accounts is None else sorted(accounts)
    member.save()


@transaction.atomic
def set_active(user: User, *, active: bool) -> None:
    """Deactivated: sessions end now, sockets and tokens of theirs within seconds. Raises LastAdmin."""
    if not active:
        _check_not_last(user)
        for session, _held in sessions_of(user):
            session.delete()
    user.is_active = active
    user.save(update_fields=["is_active"])


def was_seen(user: Any) -> None:
    """They are there now; for a login without a role of its own only its last sign-in is known."""
    Member.objects.filter(user=user.pk).update(last_seen_at=timezone.now())


def sessions_of(user: User) -> list[tuple[Session, dict[str, Any]]]:
    """Sessions that are not over, the newest first, with what they hold."""
    found = Session.objects.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    decoded = [(session, session.get_decoded()) for session in found.iterator(500)]
    return [(session, data) for session, data in decoded if data.get(SESSION_KEY) == str(user.pk)]


def session_id(session: Session) -> str:
    """By which a session is named: its key would let whoever reads it in."""
    return ApiToken.digest_of(session.session_key)[:32]


def _check_given(by: Caller, role: str, accounts: Sequence[int] | None) -> None:
    if not by.rights.covers(of_role(role, accounts)):
        raise NotGiven(_("nobody gives a role or accounts that they lack"))


def _check_not_last(user: User) -> None:
    """Locks the people first, so that two admins can't take each other's last word at once.

    Who was invited and has no password yet can let nobody in.
    """
    people = list(everybody().select_for_update(of=("self",)).filter(is_active=True))
    admins = [one.pk for one in people if role_of(one) == (Member.Role.ADMIN, None) and one.has_usable_password()]
    if admins == [user.pk]:
        raise LastAdmin
