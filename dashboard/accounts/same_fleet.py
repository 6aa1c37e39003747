"""Which account on record already lists the sandboxes that a test found."""

from collections.abc import Sequence
from typing import Final

from sandboxes.core.accounts import fleets
from sandboxes.models import Sandbox

MOST: Final = 2_000  # of the list: enough to know it again


def name_of(listed: Sequence[tuple[str, str]]) -> str | None:
    """The account, among those that whoever asks may see, that has half of them or more alive; None for none."""
    some = dict(listed[:MOST])
    if not some:
        return None
    for account in fleets():
        alive = Sandbox.objects.filter(account=account).exclude(state="ended")
        found = alive.filter(sandbox_id__in=list(some)).values_list("sandbox_id", "template_id")
        common = sum(some[sandbox_id] == template_id for sandbox_id, template_id in found)
        if common and 2 * common >= min(len(some), alive.count()):
            return account.name
    return None
