"""What is parked already: an event that can't be read comes with every reading of its page, and is kept once."""

from collections.abc import Sequence

from asgiref.sync import sync_to_async

from events.metadata_keys import cut_body
from events.models import Delivery
from events.writing import Arrival
from sandboxes.models import Account


async def not_parked_yet(account: Account, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those whose body, as it would be stored, is not among the account's parked deliveries, each once."""
    keys = account.store_metadata_keys
    bodies = {cut_body(one.parked.body, keys): one for one in arrivals if one.parked}
    if not bodies:
        return []
    held = await sync_to_async(_held)(account, list(bodies))
    return [one for body, one in bodies.items() if body not in held]


def _held(account: Account, bodies: Sequence[bytes]) -> set[bytes]:
    found = Delivery.objects.filter(account=account, state=Delivery.State.PARKED, body__in=bodies)
    return {bytes(body) for body in found.values_list("body", flat=True)}
