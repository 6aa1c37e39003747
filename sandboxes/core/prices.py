"""The price book as it stands in the database."""

from sandboxes.base.pricing import PriceBook, Rate
from sandboxes.models import Price


def price_book() -> PriceBook:
    """All dated prices, oldest first. A migration puts the first one there."""
    return PriceBook([Rate(p.since, p.usd_per_vcpu_second, p.usd_per_gib_second) for p in Price.objects.all()])
