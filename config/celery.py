"""The Celery app, its log, and the clock that fires its tasks."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init

from config import statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def configured(name: str) -> Celery:
    """An app with our settings and tasks. A process that takes tasks of several queues has one for each."""
    made = Celery(name, set_as_current=name == "sandwarden")
    made.config_from_object("django.conf:settings", namespace="CELERY")
    made.autodiscover_tasks()
    return made


app = configured("sandwarden")


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Django's LOGGING holds in workers and beat too: where there is a receiver, Celery sets up none of its own."""


@worker_init.connect
def bind_statements(**_: object) -> None:
    """A worker of Celery's own, beside the processes of `config/roles`, whose bound is there by now."""
    statements.bound(statements.ROUND_SECONDS)


@app.on_after_finalize.connect  # of this one alone: the clock's
def schedule(sender: Celery, **_: object) -> None:
    """One beat entry per job; a message nobody took before the next tick is dropped, not queued up."""
    from django.conf import settings  # noqa: PLC0415 - Celery loads the settings only now

    entries = [
        ("events.tasks.sync", settings.SYNC_INTERVAL_SECONDS),
        ("sandboxes.tasks.poll", settings.POLL_INTERVAL_SECONDS),
        ("events.tasks.take_in_answers", 5.0),
        ("events.tasks.reconcile", settings.RECONCILE_INTERVAL_SECONDS),
        ("events.tasks.why_they_died", 15.0),
        ("events.tasks.tend_webhooks", 60.0),
        ("sandboxes.tasks.reap", 15.0),
        ("sandboxes.tasks.limits", 10.0),
        ("sandboxes.tasks.act", 2.0),
        ("sandboxes.tasks.judge_alerts", 10.0),
        ("sandboxes.tasks.take_bulks", 10.0),
        ("sandboxes.tasks.seal", 10.0),
        ("sandboxes.tasks.compact", 60.0),
        ("sandboxes.tasks.backfill", 30.0),
        ("dashboard.tasks.probe_api", 10.0),
        ("dashboard.tasks.call_heartbeat", 60.0),
        ("dashboard.tasks.retain", 3600.0),
    ]
    for name, seconds in entries:
        sender.add_periodic_task(seconds, sender.signature(name), name=name, expires=seconds)
