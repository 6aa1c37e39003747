"""Who comes in by a provider, and as what: roles follow from groups at each sign-in, logins are never taken over."""

import logging
import time
from collections.abc import Collection
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.access import people
from dashboard.access.role_mapping import BadMapping, Given, match, parse
from dashboard.access.single_sign_on import Provider
from dashboard.models import Member
from sandboxes.models import Account

CONNECT, INVITATION = "sso_connect", "sso_invitation"  # in the session
CONNECT_SECONDS: Final = 600
log = logging.getLogger(__name__)


class Refused(Exception):
    """This identity doesn't come in; the message says what the person can do."""


@transaction.atomic
def admit(request: HttpRequest, sociallogin: Any, provider: Provider, groups: Collection[str]) -> None:
    """Gives the identity's person what their groups give, and makes or links one for an identity that has none.

    Raises Refused: for groups that give nothing, for a login that exists and never confirmed this identity itself,
    and for connecting without having asked for it in Settings.
    """
    given = _given(provider, groups)
    if sociallogin.state.get("process") == "connect":
        asked = request.session.pop(CONNECT, None)
        if not asked or asked[0] != provider.slug or not 0 <= time.time() - asked[1] < CONNECT_SECONDS:
            raise Refused(_("Connect %(name)s under Settings → Sign-in.") % {"name": provider.name})
        return
    if not sociallogin.is_existing:
        person = _invited(request, sociallogin) or _new(sociallogin, provider)
        sociallogin.connect(request, person)
    _give(sociallogin.user, given, provider)


def _given(provider: Provider, groups: Collection[str]) -> tuple[str, list[int] | None]:
    try:
        found: Given | None = match(parse(provider.roles), groups)
    except BadMapping as wrong:
        log.warning("roles of %s: %s", provider.name, wrong)
        found = None
    if found is None:
        raise Refused(_("None of your groups at %(name)s may sign in here. Ask an admin.") % {"name": provider.name})
    if found.accounts is None:
        return found.role, None
    keys = sorted(Account.objects.filter(name__in=found.accounts).values_list("pk", flat=True))
    if not keys:
        raise Refused(_("Your group's accounts don't exist here. Ask an admin."))
    return found.role, keys


def _invited(request: HttpRequest, sociallogin: Any) -> User | None:
    """Whose invitation was opened in this browser, when the provider vouches for the address that was invited."""
    member = people.invited(request.session.pop(INVITATION, ""), timezone.now())
    if member is None or not member.user.email:
        return None
    verified = {one.email.lower() for one in sociallogin.email_addresses if one.verified}
    if member.user.email.lower() not in verified:
        raise Refused(_("The provider does not vouch for the address that was invited. Choose a password instead."))
    Member.objects.filter(pk=member.pk).update(invitation="", invited_until=None)
    return member.user


def _new(sociallogin: Any, provider: Provider) -> User:
    said = sociallogin.claims
    email = next((one.email for one in sociallogin.email_addresses), "")
    name = _name(str(said.get("preferred_username") or email or said["sub"]))
    if User.objects.filter(username__iexact=name).exists() or (
        email and User.objects.filter(email__iexact=email).exists()
    ):
        raise Refused(
            _(
                "There is a login with this name or address. Sign in with it, then connect %(name)s "
                "under Settings → Sign-in."
            )
            % {"name": provider.name}
        )
    user = User(username=name, email=email)
    user.set_unusable_password()
    user.save()
    return user


def _name(text: str) -> str:
    return "".join(one if one.isalnum() or one in "@.+-_" else "-" for one in text)[:150]


def _give(user: User, given: tuple[str, list[int] | None], provider: Provider) -> None:
    role, accounts = given
    member = Member.objects.filter(user=user).first()
    if member is not None and (member.role, member.accounts) == given:
        return
    try:
        people.map_role(user, role, accounts)
    except people.LastAdmin:
        log.warning("%s is the last admin of all accounts and stays one, whatever %s says", user, provider.name)
