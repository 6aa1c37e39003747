"""The dated price book: a new price never reprices the past."""

from django.db import models


class Price(models.Model):
    """What a second costs from `since` on, by allocated cores and memory (E2B's docs; configuration, not logic)."""

    since = models.DateTimeField(unique=True)
    usd_per_vcpu_second = models.DecimalField(max_digits=14, decimal_places=10)
    usd_per_gib_second = models.DecimalField(max_digits=14, decimal_places=10)

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d}: {self.usd_per_vcpu_second} + {self.usd_per_gib_second}"
