"""The fleet's records, one file per idea."""

from sandboxes.models.account import Account, AccountHealth, Heartbeat
from sandboxes.models.action import Action
from sandboxes.models.alert import Alert, AlertClock, AlertRoutes, AlertRule, AlertWatch, Silence
from sandboxes.models.approval import Approval
from sandboxes.models.audit import AuditEntry
from sandboxes.models.brake import AccountBrake
from sandboxes.models.bulk import BulkRequest
from sandboxes.models.callback import OwnerCallback
from sandboxes.models.execution import Execution, ExecutionEnd
from sandboxes.models.freeze import Freeze
from sandboxes.models.lease import Lease, LeaseMember, LeaseSpan
from sandboxes.models.limits import InvoiceEntered, Limit, LimitState
from sandboxes.models.metrics import MetricFrame, MetricSeries
from sandboxes.models.notifications import Channel, ChannelState, Delivery, HappeningsMark, Notification
from sandboxes.models.policy import Policy, Verdict
from sandboxes.models.price import AccountPrice, Price
from sandboxes.models.rollups import FleetGroup, FleetHour, FleetMinute, FleetTen, SeriesHours, SeriesMinutes
from sandboxes.models.sandbox import Sandbox, SandboxLock

__all__ = [
    "Account",
    "AccountBrake",
    "AccountHealth",
    "AccountPrice",
    "Action",
    "Alert",
    "AlertClock",
    "AlertRoutes",
    "AlertRule",
    "AlertWatch",
    "Approval",
    "AuditEntry",
    "BulkRequest",
    "Channel",
    "ChannelState",
    "Delivery",
    "Execution",
    "ExecutionEnd",
    "FleetGroup",
    "FleetHour",
    "FleetMinute",
    "FleetTen",
    "Freeze",
    "HappeningsMark",
    "Heartbeat",
    "InvoiceEntered",
    "Lease",
    "LeaseMember",
    "LeaseSpan",
    "Limit",
    "LimitState",
    "MetricFrame",
    "MetricSeries",
    "Notification",
    "OwnerCallback",
    "Policy",
    "Price",
    "Sandbox",
    "SandboxLock",
    "SeriesHours",
    "SeriesMinutes",
    "Silence",
    "Verdict",
]
