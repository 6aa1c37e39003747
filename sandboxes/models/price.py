"""The dated price book: a new price never reprices the past."""

from django.db import models

from sandboxes.models.account import Account


class AccountPrice(models.Model):
    """An account's own price from `since` on: it beats the general one, from its first own price on for ever."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="prices")
    since = models.DateTimeField()
    usd_per_vcpu_second = models.DecimalField(max_digits=14, decimal_places=10)
    usd_per_gib_second = models.DecimalField(max_digits=14, decimal_places=10)

    class Meta:
        ordering = ["account", "since"]
        constraints = [models.UniqueConstraint(fields=["account", "since"], name="account_price_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.since:%Y-%m-%d}: {self.usd_per_vcpu_second} + {self.usd_per_gib_second}"


class Price(models.Model):
    """What a second costs from `since` on, by allocated cores and memory (E2B's docs; configuration, not logic)."""

    since = models.DateTimeField(unique=True)
    usd_per_vcpu_second = models.DecimalField(max_digits=14, decimal_places=10)
    usd_per_gib_second = models.DecimalField(max_digits=14, decimal_places=10)

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d}: {self.usd_per_vcpu_second} + {self.usd_per_gib_second}"
