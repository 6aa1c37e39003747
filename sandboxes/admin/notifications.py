"""Channels and what was delivered, for reading; they are changed on their page, which knows what each kind needs."""

from django.contrib import admin

from sandboxes.admin.reading import ReadOnly
from sandboxes.models import Channel, ChannelState, Delivery, HappeningsMark, Notification


@admin.register(Channel)
class ChannelAdmin(ReadOnly):
    list_display = ("name", "kind", "destination", "min_severity", "enabled")
    exclude = ("url", "secret")  # what is only shown is shown open
    readonly_fields = ("destination", "url_at")


@admin.register(ChannelState)
class ChannelStateAdmin(ReadOnly):
    list_display = ("channel", "last_sent_at", "failing_since", "leased_until", "error")


@admin.register(Notification)
class NotificationAdmin(ReadOnly):
    list_display = ("created_at", "type", "subject", "severity", "account")
    list_filter = ("type", "severity")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("notification", "channel_name", "state", "attempts", "at", "error")
    list_filter = ("state",)
    list_select_related = ("notification",)


@admin.register(HappeningsMark)
class HappeningsMarkAdmin(ReadOnly):
    list_display = ("kind", "number")
