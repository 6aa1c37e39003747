"""Which accounts a query finds: all but deleted ones, unless it says otherwise."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from sandboxes.models.account import Account  # noqa: F401 - named in quotes


class AccountQuerySet(models.QuerySet["Account"]):
    """Leaves addresses to `Account.save`, which binds keys to them and forgets what the former backend gave."""

    def update(self, **values: Any) -> int:
        """Raises ValueError for a `url`: what is changed in the database passes by `Account.save`."""
        if "url" in values:
            raise ValueError("the address of an account is changed by saving it: its key belongs to that address")
        return super().update(**values)


class KeptAccounts(models.Manager["Account"]):
    """All but deleted ones, which are out of sight until their history is past its age."""

    def get_queryset(self) -> AccountQuerySet:
        return AccountQuerySet(self.model, using=self._db).filter(deleted_at=None)
