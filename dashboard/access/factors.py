"""Second factors: who has one, who lacks the one that their role asks for, and taking them away."""

from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When

from dashboard.models import SignInRules

FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes stand in for one of these
ASKED_OF: Final = {"admin": ("admin", "operator", "viewer"), "operator": ("operator", "viewer"), "viewer": ("viewer",)}


def with_factors(users: QuerySet[Any]) -> QuerySet[Any]:
    """Each with `has_factor`, and with `lacks_factor`: their role asks for a second one, and they have none.

    Whoever has no password signs in at a provider, which asks for what it wants.
    """
    has = Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))
    found: QuerySet[Any] = users.annotate(
        has_factor=has,
        has_sso=Exists(SocialAccount.objects.filter(user=OuterRef("pk"))),
        lacks_factor=Case(
            When(has | Q(("password", "")) | Q(("password__startswith", "!")), then=Value(value=False)),
            When(Q(member__role="viewer") | Q(member=None, is_staff=False, is_superuser=False), then=_asked("viewer")),
            When(member__role="operator", then=_asked("operator")),
            default=_asked("admin"),
            output_field=BooleanField(),
        ),
    )
    return found


def lacks(user: Any) -> bool:
    """Of a user that came by `with_factors`; False for one whose factors were not asked for."""
    return bool(getattr(user, "lacks_factor", False))


def reset(user: Any) -> int:
    """Takes away all second factors and recovery codes of a person who lost them; how many there were."""
    number: int = Authenticator.objects.filter(user=user.pk).delete()[0]
    return number


def _asked(role: str) -> Exists:
    return Exists(SignInRules.objects.filter(second_factor_from__in=ASKED_OF[role]))
