"""The fleet's records, one file per idea."""

from sandboxes.models.account import Account, AccountHealth, Heartbeat
from sandboxes.models.action import Action
from sandboxes.models.audit import AuditEntry
from sandboxes.models.execution import Execution, ExecutionEnd
from sandboxes.models.freeze import Freeze
from sandboxes.models.lease import Lease, LeaseMember, LeaseSpan
from sandboxes.models.metrics import MetricFrame, MetricSeries
from sandboxes.models.policy import Policy, Verdict
from sandboxes.models.price import Price
from sandboxes.models.rollups import FleetGroup, FleetHour, FleetMinute, SeriesHours, SeriesMinutes
from sandboxes.models.sandbox import Guard, Sandbox

__all__ = [
    "Account",
    "AccountHealth",
    "Action",
    "AuditEntry",
    "Execution",
    "ExecutionEnd",
    "FleetGroup",
    "FleetHour",
    "FleetMinute",
    "Freeze",
    "Guard",
    "Heartbeat",
    "Lease",
    "LeaseMember",
    "LeaseSpan",
    "MetricFrame",
    "MetricSeries",
    "Policy",
    "Price",
    "Sandbox",
    "SeriesHours",
    "SeriesMinutes",
    "Verdict",
]
