"""The Sandboxes table as people keep it: views by name, columns by person, and what a question was about."""

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class SavedView(models.Model):
    """A filter, order and columns under a name; its maker's own, or everybody's."""

    name = models.CharField(max_length=60)
    address = models.TextField(blank=True, help_text="The query part of the table's address, without paging.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name


class TableColumns(models.Model):
    """Which columns a person wants to see, in their order."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    names = ArrayField(models.CharField(max_length=220))

    class Meta:
        verbose_name_plural = "table columns"

    def __str__(self) -> str:
        return ", ".join(self.names)


class Selection(models.Model):
    """All that a filter matched when somebody asked what an act would hit: what was shown is what is hit."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    keys = ArrayField(models.IntegerField())
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{len(self.keys)} sandboxes"
