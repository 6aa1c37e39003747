"""Signs that a sandbox was used again, and why there is no telling, as pages and REST word them. Pure."""

from collections.abc import Mapping
from typing import Final

from dashboard.ui.translation import gettext_noop

USED: Final[Mapping[str, str]] = {
    "resumed": gettext_noop("was resumed"),
    "cpu": gettext_noop("used CPU"),
    "timeout_moved": gettext_noop("had its timeout changed"),
    "leased": gettext_noop("was leased"),
    "requested": gettext_noop("was extended, resumed or protected by somebody"),
}
UNKNOWN: Final[Mapping[str, str]] = {
    "killed": gettext_noop("killed by this policy: nobody could use it again"),
    "early": gettext_noop("less than an hour ago: no time yet to be used again"),
    "no_samples": gettext_noop("ran on without a CPU sample"),
}
