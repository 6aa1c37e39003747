"""What the pages and REST keep: roles, tokens, answers under an idempotency key, and the table as people keep it."""

from dashboard.models.idempotency import KEPT as ANSWERS_KEPT
from dashboard.models.idempotency import IdempotentAnswer
from dashboard.models.member import Member
from dashboard.models.provider import SignInProvider
from dashboard.models.sign_in import SignInRules
from dashboard.models.table import SavedView, Selection, TableColumns
from dashboard.models.token import ApiToken

__all__ = [
    "ANSWERS_KEPT",
    "ApiToken",
    "IdempotentAnswer",
    "Member",
    "SavedView",
    "Selection",
    "SignInProvider",
    "SignInRules",
    "TableColumns",
]
