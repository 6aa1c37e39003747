"""The price book as it stands in the database."""

from typing import Final

from django.db import connection

from sandboxes.base.pricing import PriceBook, Rate

# Python knows no time before all others. Nothing ran before 1970.
RATES: Final = """
SELECT greatest(since, 'epoch'), usd_per_vcpu_second, usd_per_gib_second FROM sandboxes_price_span ORDER BY since"""


def price_book() -> PriceBook:
    """All dated prices, oldest first, as the view has them. A migration puts the first one there."""
    with connection.cursor() as cursor:
        cursor.execute(RATES)
        return PriceBook([Rate(*row) for row in cursor.fetchall()])
