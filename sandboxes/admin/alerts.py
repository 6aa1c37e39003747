"""Alert rules, alerts and silences as they are stored, to search and to look at; changed on the Alerts pages."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import Alert, AlertClock, AlertRoutes, AlertRule, AlertWatch, Silence


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnly):
    """What is told when; a rule that can't be judged says why."""

    list_display = ("name", "kind", "enabled", "severity", "for_seconds", "given", "error")
    list_filter = ("kind", "enabled", "severity", "shipped")
    search_fields = ("name",)


@admin.register(Alert)
class AlertAdmin(ReadOnly):
    """What fired, and what became of it."""

    list_display = ("fired_at", "rule_name", "severity", "state", "group", "value", "threshold", "resolved_at")
    list_filter = ("state", "severity", "kind", "fired_at")
    search_fields = ("rule_name", "group", "acknowledged_by")
    ordering = ("-id",)


@admin.register(AlertWatch)
class AlertWatchAdmin(ReadOnly):
    """Groups that are beyond a limit, or were and are not over yet."""

    list_display = ("rule", "group_key", "since", "over_seconds", "clear_seconds", "known")


@admin.register(Silence)
class SilenceAdmin(ReadOnly):
    """Of what nobody is told for a while, by whom and why."""

    list_display = ("since", "until", "match", "reason", "made_by", "ended_by")
    search_fields = ("reason", "made_by")


@admin.register(AlertRoutes)
class AlertRoutesAdmin(ReadOnly):
    """Which channels alerts go to by their group."""

    list_display = ("routes",)


@admin.register(AlertClock)
class AlertClockAdmin(ReadOnly):
    """When rules were judged last, and what that cost."""

    list_display = ("started_at", "judged_at", "seconds")
