"""What the rooms write as time goes, to search and to look at."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import (
    Action,
    Execution,
    ExecutionEnd,
    FleetMinute,
    Lease,
    LeaseMember,
    LeaseSpan,
    MetricFrame,
    MetricSeries,
    SandboxLock,
    Verdict,
)


@admin.register(Action)
class ActionAdmin(ReadOnly):
    """The audit trail."""

    list_display = (
        "id", "kind", "state", "sandbox", "account", "actor_kind", "actor_name", "requested_at", "sent_at",
        "answered_at", "confirmed_at", "outcome",
    )  # fmt: skip
    list_filter = ("kind", "state", "actor_kind", "account", "requested_at")
    search_fields = ("sandbox__sandbox_id", "actor_name", "reason", "bulk_id")
    search_help_text = "Sandbox ID, who asked, reason, or bulk ID"
    list_select_related = ("sandbox", "account")


@admin.register(Execution)
class ExecutionAdmin(ReadOnly):
    """Runs of sandboxes."""

    list_display = ("key", "sandbox", "started_at", "ended_at", "ended_by", "end_reason", "end_at")
    list_filter = ("ended_by", "started_at")
    search_fields = ("key", "execution_id", "sandbox__sandbox_id")
    list_select_related = ("sandbox",)


@admin.register(ExecutionEnd)
class ExecutionEndAdmin(ReadOnly):
    """Moves of runs' ends."""

    list_display = ("sandbox", "at", "end_at")
    list_filter = ("at",)
    search_fields = ("sandbox__sandbox_id",)
    list_select_related = ("sandbox",)


@admin.register(Verdict)
class VerdictAdmin(ReadOnly):
    """Who was held for an orphan, by which policy, from when to when, and why."""

    list_display = ("policy_name", "policy_version", "sandbox", "since", "until")
    list_filter = (("until", admin.EmptyFieldListFilter), "policy_name", "since")
    search_fields = ("sandbox__sandbox_id", "policy_name")
    list_select_related = ("sandbox",)


@admin.register(SandboxLock)
class GuardAdmin(ReadOnly):
    """The locks that claims, leases and protection share."""

    list_display = ("sandbox_id", "claim_number", "pending_action", "protected", "protected_until", "protected_by")
    list_filter = ("protected", ("pending_action", admin.EmptyFieldListFilter))
    search_fields = ("sandbox_id", "protected_by", "protected_reason")
    list_select_related = ("pending_action",)


@admin.register(Lease)
class LeaseAdmin(ReadOnly):
    """Owners' words."""

    list_display = ("key", "ttl_seconds", "expires_at", "renewed_at", "released_at", "lapsed_at", "token")
    list_filter = (("released_at", admin.EmptyFieldListFilter), ("lapsed_at", admin.EmptyFieldListFilter))
    search_fields = ("key", "token", "members__sandbox_id")


@admin.register(LeaseMember)
class LeaseMemberAdmin(ReadOnly):
    """IDs that leases name."""

    list_display = ("sandbox_id", "lease")
    search_fields = ("sandbox_id", "lease__key")
    list_select_related = ("lease",)


@admin.register(LeaseSpan)
class LeaseSpanAdmin(ReadOnly):
    """When which lease covered which sandbox."""

    list_display = ("key", "sandbox", "since", "until", "token")
    list_filter = ("since",)
    search_fields = ("key", "sandbox__sandbox_id", "token")
    list_select_related = ("sandbox",)


@admin.register(MetricFrame)
class MetricFrameAdmin(ReadOnly):
    """Poll ticks; their arrays are too long to show."""

    list_display = ("account", "shard", "at", "sandboxes")
    list_filter = ("account", "at")
    list_select_related = ("account",)
    fields = ("account", "shard", "at", "sandboxes")
    readonly_fields = ("sandboxes",)

    @admin.display(description="sandboxes")
    def sandboxes(self, frame: MetricFrame) -> int:
        """How many it holds."""
        return len(frame.keys)


@admin.register(MetricSeries)
class MetricSeriesAdmin(ReadOnly):
    """A sandbox's hours; what is in the arrays is drawn on its page."""

    list_display = ("sandbox", "hour", "source", "step_seconds", "samples")
    list_filter = ("source", "hour")
    search_fields = ("sandbox__sandbox_id",)
    list_select_related = ("sandbox",)
    fields = ("sandbox", "hour", "source", "step_seconds", "samples", "cpu_max", "mem_max")
    readonly_fields = ("samples",)

    @admin.display(description="samples")
    def samples(self, series: MetricSeries) -> int:
        """How many it holds."""
        return len(series.offsets)


@admin.register(FleetMinute)
class FleetMinuteAdmin(ReadOnly):
    """An account's minutes."""

    list_display = ("account", "minute", "running", "paused", "samples", "burn_usd_per_hour")
    list_filter = ("account", "minute")
    list_select_related = ("account",)
