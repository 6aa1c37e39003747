"""What is left of samples after a while, to search and to look at: sandboxes', the fleet's and its groups'."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import FleetGroup, FleetHour, FleetTen, SeriesHours, SeriesMinutes
from sandboxes.models.rollups import SeriesRollup


@admin.register(SeriesMinutes, SeriesHours)
class SeriesRollupAdmin(ReadOnly):
    """A sandbox's minutes, a row an hour, and its hours, a row a day; what is in the arrays is drawn on its page."""

    list_display = ("sandbox", "at", "known")
    list_filter = ("at",)
    search_fields = ("sandbox__sandbox_id",)
    list_select_related = ("sandbox",)
    fields = ("sandbox", "at", "known")
    readonly_fields = ("known",)

    @admin.display(description="steps with samples")
    def known(self, rollup: SeriesRollup) -> int:
        """How many of its minutes or hours have any."""
        return len(rollup.steps)


@admin.register(FleetHour)
class FleetHourAdmin(ReadOnly):
    """An account's hours."""

    list_display = ("account", "hour", "minutes", "running_min", "running_max", "samples", "started", "ended")
    list_filter = ("account", "hour")
    list_select_related = ("account",)


@admin.register(FleetTen)
class FleetTenAdmin(ReadOnly):
    """An account's ten minutes."""

    list_display = ("account", "at", "minutes", "running_min", "running_max", "samples", "started", "ended")
    list_filter = ("account", "at")
    list_select_related = ("account",)


@admin.register(FleetGroup)
class FleetGroupAdmin(ReadOnly):
    """An account's minutes, ten minutes and hours by template and owner."""

    list_display = ("account", "kind", "span_seconds", "at", "name", "rest", "sandboxes", "samples", "cpu_max")
    list_filter = ("kind", "span_seconds", "rest", "account", "at")
    search_fields = ("name",)
    list_select_related = ("account",)
