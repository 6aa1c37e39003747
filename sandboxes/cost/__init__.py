"""What the fleet costs: exact sums by group and time, what of it was wasted, what policies saved, what is to come."""

from sandboxes.cost.breakdown import Spend, SpendItem, spend, spent_units
from sandboxes.cost.explained import Bill, Explained, explain
from sandboxes.cost.forecast import Forecast, month_forecast, month_start
from sandboxes.cost.habits import Habit, Habits, habits
from sandboxes.cost.names import metadata_keys, record_since, template_names, watched_since
from sandboxes.cost.question import BUCKETS, GROUPS, Question, QuestionError
from sandboxes.cost.running import RunningNow, running_now
from sandboxes.cost.saved import Saved, saved
from sandboxes.cost.used import Used, used

__all__ = [
    "BUCKETS",
    "GROUPS",
    "Bill",
    "Explained",
    "Forecast",
    "Habit",
    "Habits",
    "Question",
    "QuestionError",
    "RunningNow",
    "Saved",
    "Spend",
    "SpendItem",
    "Used",
    "explain",
    "habits",
    "metadata_keys",
    "month_forecast",
    "month_start",
    "record_since",
    "running_now",
    "saved",
    "spend",
    "spent_units",
    "template_names",
    "used",
    "watched_since",
]
