"""Whose deliveries somebody sees: of accounts of theirs; what concerns several, or none, is for who holds all."""

from django.db.models import QuerySet

from sandboxes.core import sight
from sandboxes.models import Channel, Delivery


def of_channel(channel: Channel) -> QuerySet[Delivery]:
    """Each with its `notification` and that one's account."""
    found = channel.deliveries.select_related("notification__account")
    held = sight.everything()
    return found if held is None else found.filter(notification__account__in=held)
