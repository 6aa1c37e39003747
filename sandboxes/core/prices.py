"""The price book as it stands in the database."""

from sandboxes.base.pricing import PriceBook, Rate
from sandboxes.core import database, queries


def price_book() -> PriceBook:
    """All dated prices, oldest first, as the view has them. A migration puts the first one there."""
    return PriceBook([Rate(*row) for row in database.rows(queries.RATES)])
