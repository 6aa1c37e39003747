"""What the fleet costs: exact sums by group and time, what of it was wasted, what policies saved, what is to come."""

from sandboxes.spend.breakdown import Spend, SpendItem, spend
from sandboxes.spend.forecast import Forecast, month_forecast, month_start
from sandboxes.spend.names import metadata_keys, record_since, template_names
from sandboxes.spend.question import BUCKETS, GROUPS, Question, QuestionError
from sandboxes.spend.running import RunningNow, running_now
from sandboxes.spend.saved import Saved, saved
from sandboxes.spend.used import Used, used

__all__ = [
    "BUCKETS",
    "GROUPS",
    "Forecast",
    "Question",
    "QuestionError",
    "RunningNow",
    "Saved",
    "Spend",
    "SpendItem",
    "Used",
    "metadata_keys",
    "month_forecast",
    "month_start",
    "record_since",
    "running_now",
    "saved",
    "spend",
    "template_names",
    "used",
]
