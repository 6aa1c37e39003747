"""An owner's data in what the pages and REST keep: saved views, kept answers, the log of settings."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from django.contrib.admin.models import LogEntry

from dashboard.models import IdempotentAnswer, SavedView
from sandboxes.cleanup.erasure import Step, Subject


def erase_views(subject: Subject) -> int:
    """Saved views that filter by the owner filter by the pseudonym; how many. Those of other accounts alone stay."""
    changed = 0
    for view in SavedView.objects.all():
        query = parse_qsl(view.address.removeprefix("?"), keep_blank_values=True)
        accounts = {name for key, value in query if key == "account" for name in value.split(",")}
        if accounts and subject.account.name not in accounts:
            continue
        new = [(key, subject.mentions.replaced(value, subject.pseudonym)) for key, value in query]
        name = subject.mentions.replaced(view.name, subject.pseudonym)[:60]
        if new != query or name != view.name:
            begin = "?" if view.address.startswith("?") else ""
            SavedView.objects.filter(pk=view.pk).update(address=begin + urlencode(new), name=name)
            changed += 1
    return changed


def erase_answers(subject: Subject) -> int:
    """Deletes answers under an idempotency key that name the owner or a sandbox, unless they are of other accounts."""
    rows = IdempotentAnswer.objects.values_list("pk", "key", "headers", "body")
    found = [key for key, *parts in rows.iterator(500) if _names(subject, *parts)]
    IdempotentAnswer.objects.filter(pk__in=found).delete()
    return len(found)


def erase_log(subject: Subject) -> int:
    """Lines of the settings' log get the pseudonym; how many."""
    changed = 0
    for line in LogEntry.objects.all().iterator(500):
        new = {
            name: subject.mentions.replaced(getattr(line, name), subject.pseudonym)
            for name in ("object_repr", "change_message")
        }
        if any(value != getattr(line, name) for name, value in new.items()):
            new["object_repr"] = new["object_repr"][:200]
            changed += LogEntry.objects.filter(pk=line.pk).update(**new)
    return changed


STEPS: Final = (
    Step("dashboard_savedview", "filter pseudonymised", erase_views),
    Step("dashboard_idempotentanswer", "deleted", erase_answers),
    Step("django_admin_log", "mentions pseudonymised", erase_log),
)


def _names(subject: Subject, key: str, headers: dict[str, str], body: bytes) -> bool:
    text = bytes(body).decode(errors="replace")
    if not subject.mentions.anywhere("\n".join((key, *map(str, headers.values()), text))):
        return False
    try:
        accounts = set(_accounts(json.loads(text)))
    except ValueError:
        return True
    return not accounts or subject.account.name in accounts


def _accounts(value: Any) -> Iterator[str]:
    """Every account that a JSON answer names."""
    if isinstance(value, list):
        for one in value:
            yield from _accounts(one)
    elif isinstance(value, dict):
        if isinstance(value.get("account"), str):
            yield value["account"]
        for one in value.values():
            yield from _accounts(one)
