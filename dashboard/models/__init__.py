"""What the pages and REST keep: tokens and answers given under an idempotency key."""

from dashboard.models.idempotency import IdempotentAnswer
from dashboard.models.token import ApiToken

__all__ = ["ApiToken", "IdempotentAnswer"]
