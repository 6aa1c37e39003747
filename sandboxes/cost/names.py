"""What a cost can be grouped by, and since when there is a record: keys in use, names of templates, first samples."""

from datetime import datetime
from typing import Final

from django.db.models import Min

from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost import queries
from sandboxes.fleet.known_since import known_since
from sandboxes.models import Account, Execution, FleetHour, FleetMinute, Sandbox

NEWEST: Final = 2000
MOST_KEYS: Final = 12


def metadata_keys() -> list[str]:
    """Those that the newest sandboxes carry, the most frequent first."""
    return [row[0] for row in database.rows(queries.METADATA_KEYS, [shown_account_ids(), NEWEST, MOST_KEYS])]


def template_names() -> dict[str, str]:
    """By template ID, as the backend last told them."""
    named = Sandbox.objects.filter(account__in=shown_account_ids(), template_name__isnull=False)
    rows = named.order_by("template_id").distinct("template_id").values_list("template_id", "template_name")
    return {template_id: name for template_id, name in rows if name}


def watched_since() -> datetime | None:
    """When the first account in sight was added."""
    first: datetime | None = Account.objects.filter(pk__in=shown_account_ids()).aggregate(at=Min("created_at"))["at"]
    return first


def record_since() -> dict[str, datetime | None]:
    """`watched_since`: policies can have judged from then on; `sampled_since`: the first minute with a sample;
    `first_run`: what ran before it we never heard of; `known_since`: all that ended from then on is on record.
    """
    accounts = shown_account_ids()
    watched = watched_since()
    hour = FleetHour.objects.filter(account__in=accounts, samples__gt=0).aggregate(at=Min("hour"))["at"]
    minute = FleetMinute.objects.filter(account__in=accounts, samples__gt=0).aggregate(at=Min("minute"))["at"]
    runs = Execution.objects.filter(sandbox__account__in=accounts).order_by("started_at")
    first_run = runs.values_list("started_at", flat=True).first()
    return {
        "first_run": first_run,
        "known_since": known_since(accounts),
        "watched_since": watched,
        "sampled_since": min([at for at in (hour, minute) if at], default=None),
    }
