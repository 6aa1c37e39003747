"""The price books as they stand in the database: the general one, and each account's."""

from sandboxes.base.pricing import PriceBook, PriceBooks, Rate
from sandboxes.core import database, queries


def price_book(account_id: int | None = None) -> PriceBook:
    """The account's dated prices, oldest first, as the view has them; None: the general ones.

    A migration puts the first one there.
    """
    if account_id is None:
        return PriceBook([Rate(*row) for row in database.rows(queries.RATES)])
    return PriceBook([Rate(*row) for row in database.rows(queries.RATES_OF, [account_id])])


def price_books() -> PriceBooks:
    """Of every account, read at once."""
    return PriceBooks.of_rows(database.rows(queries.ACCOUNT_RATES))
