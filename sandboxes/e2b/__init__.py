"""The E2B API: a small async client, its typed answers, its errors, and what a backend lacks."""

from sandboxes.e2b.bulk import BulkMetrics
from sandboxes.e2b.capabilities import Capabilities, probe
from sandboxes.e2b.change_calls import Answer
from sandboxes.e2b.client import E2BClient
from sandboxes.e2b.doubts import Doubts
from sandboxes.e2b.errors import (
    BadAnswer,
    BadRequest,
    ChangesForbidden,
    Conflict,
    E2BError,
    KeyUnreadable,
    LeftAlone,
    NoProgress,
    NotFound,
    RateLimited,
    ServerFailed,
    TooManySandboxes,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from sandboxes.e2b.listing import Inventory, Page
from sandboxes.e2b.timing import Timing
from sandboxes.e2b.wire import (
    DeliveryPage,
    DeliveryStats,
    Event,
    ListedSandbox,
    LogLine,
    Metric,
    SandboxInfo,
    Template,
    Webhook,
    WebhookDeliveryGroup,
    is_plausible,
)

__all__ = [
    "Answer",
    "BadAnswer",
    "BadRequest",
    "BulkMetrics",
    "Capabilities",
    "ChangesForbidden",
    "Conflict",
    "DeliveryPage",
    "DeliveryStats",
    "Doubts",
    "E2BClient",
    "E2BError",
    "Event",
    "Inventory",
    "KeyUnreadable",
    "LeftAlone",
    "ListedSandbox",
    "LogLine",
    "Metric",
    "NoProgress",
    "NotFound",
    "Page",
    "RateLimited",
    "SandboxInfo",
    "ServerFailed",
    "Template",
    "Timing",
    "TooManySandboxes",
    "Unauthorized",
    "Unreachable",
    "Unsupported",
    "Webhook",
    "WebhookDeliveryGroup",
    "is_plausible",
    "probe",
]
