"""What the pages and REST keep: tokens, answers given under an idempotency key, and the table as people keep it."""

from dashboard.models.idempotency import IdempotentAnswer
from dashboard.models.table import SavedView, Selection, TableColumns
from dashboard.models.token import ApiToken

__all__ = ["ApiToken", "IdempotentAnswer", "SavedView", "Selection", "TableColumns"]
