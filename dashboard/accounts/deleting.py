"""Deletes an account: out of sight and without its key at once; its history goes when it is past its age.

Whatever happened there stays provable (the audit trail, costs of months that were paid), so its records are kept as
long as any other's, and its name is not given to another backend meanwhile.
"""

from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sandboxes.actions import abandoning
from sandboxes.models import Account, OwnerCallback, Verdict

SECRETS: Final = ("api_key", "webhook_secret", "previous_webhook_secret", "sent_webhook_secret")
OUTCOME: Final = "the account was deleted"


class SetByEnvironment(ValueError):
    """The next start would make it again."""


def delete(account: Account) -> None:
    """Disabled, its secrets forgotten; what waits there is cancelled, what was sent counts as failed: nobody can check.

    Raises SetByEnvironment.
    """
    if variable := variable_of(account):
        told = _("%(variable)s sets this account at each start: remove the variable, then restart")
        raise SetByEnvironment(told % {"variable": variable})
    _close(account)
    abandoning.end_all(account, OUTCOME)


@transaction.atomic
def _close(account: Account) -> None:
    held = Account.objects.select_for_update().get(pk=account.pk)
    for name in SECRETS:
        setattr(held, name, "")
    held.enabled, held.actions, held.deleted_at = False, Account.Actions.NONE, timezone.now()
    held.same_fleet_as = None
    held.save()
    Account.objects.filter(same_fleet_as=held).update(same_fleet_as=None)
    OwnerCallback.objects.filter(account=held).delete()
    Verdict.objects.filter(sandbox__account=held, until=None).update(until=held.deleted_at)


def variable_of(account: Account) -> str:
    """The environment's variable that makes this account; empty for none."""
    if account.simulated:
        return "SIMULATOR_URL" if settings.SIMULATOR_URL else ""
    if account.name != "default":
        return ""
    return next((name for name in ("E2B_API_KEY", "E2B_API_URL") if getattr(settings, name)), "")
