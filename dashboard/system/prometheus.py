"""`/metrics`: the fleet's and our own main figures for Prometheus, read when they are asked for."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from dashboard.access.rights import Verb
from dashboard.api.auth import by_token, need
from dashboard.api.errors import Refusal
from dashboard.api.health import version
from dashboard.system import heartbeat
from events.missed import missed_by_webhook
from events.models import Delivery
from sandboxes.cleanup import policy_book
from sandboxes.core import database_away, disk, sight
from sandboxes.core.accounts import enabled_accounts, fleets
from sandboxes.fleet import figures as fleet
from sandboxes.models import Account, AccountHealth, Action, Heartbeat

PREFIX = "sandwarden_"
Number = float | Decimal


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """In the text format, or OpenMetrics where it is asked for. 401 without a token, unless METRICS_PUBLIC is set."""
    try:
        if not settings.METRICS_PUBLIC:
            look = by_token(request.headers.get("Authorization", ""))
            need(look, Verb.READ)
            sight.limit(look.rights.accounts)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Figures())
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return HttpResponse(encode(registry), content_type=content_type)
    except Refusal as refusal:
        refused = HttpResponse(f"{refusal}\n", status=refusal.status, content_type="text/plain; charset=utf-8")
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    except (DatabaseError, *database_away.ERRORS):
        return HttpResponse(f"{database_away.PHRASE}\n", status=503, content_type="text/plain; charset=utf-8")


class Figures(Collector):
    """All figures of one moment; nothing is counted in this process, so every process tells the same."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        accounts = enabled_accounts()
        yield _gauge("build_info", "Always 1; the version is a label.", ["version"], [([version()], 1)])
        yield from _of_the_fleet(fleets(accounts), now)
        yield from _of_our_reading(accounts, now)
        yield from _of_our_doing(accounts, now)


def _of_the_fleet(accounts: list[Account], now: datetime) -> Iterator[Metric]:
    found = [(account.name, fleet.now(now, account.pk)) for account in accounts]
    states = [([name, state], getattr(one, state)) for name, one in found for state in ("running", "paused")]
    yield _gauge("sandboxes", "Sandboxes alive.", ["account", "state"], states)
    yield _of_account("started_per_minute", "5-minute average.", [(n, one.started_per_minute) for n, one in found])
    yield _of_account("ended_per_minute", "5-minute average.", [(n, one.ended_per_minute) for n, one in found])
    reasons = [([name, why], count) for name, one in found for why, count in one.ended_by_reason.items()]
    yield _gauge("ended_last_hour", "Sandboxes that ended in the last hour.", ["account", "reason"], reasons)
    for what, help_text in (("cpu_pct", "CPU of all cores, percent."), ("mem_pct", "Memory of the limit, percent.")):
        spreads = [(name, statistic, getattr(getattr(one, what), statistic)) for name, one in found
                   for statistic in ("p50", "p95", "mean")]  # fmt: skip
        known = [([name, statistic], value) for name, statistic, value in spreads if value is not None]
        yield _gauge(what, help_text, ["account", "statistic"], known)
    yield _of_account("burn_usd_per_hour", "What runs now costs.", [(n, one.burn_usd_per_hour) for n, one in found])
    yield _of_account("orphans", "Held for orphans by enabled policies.", [(n, one.orphans) for n, one in found])
    burnt = [(name, one.orphan_usd_per_hour) for name, one in found]
    yield _of_account("orphan_usd_per_hour", "What orphans cost now.", burnt)
    caps = [(name, one.cap) for name, one in found if one.cap is not None]
    yield _of_account("concurrency_cap", "Concurrent sandboxes the plan allows.", caps)


def _of_our_reading(accounts: list[Account], now: datetime) -> Iterator[Metric]:
    names = {account.pk: account.name for account in accounts}
    rows = [(names[one.account_id], one) for one in AccountHealth.objects.filter(account__in=accounts)]
    reachable = [(name, float(one.reachable)) for name, one in rows if one.reachable is not None]
    yield _of_account("backend_reachable", "1 when the backend answered last.", reachable)
    for field, help_text in (
        ("last_sync_at", "Last complete list."),
        ("last_poll_at", "Last poll of metrics."),
        ("last_reconcile_at", "Last reading of the backend's events."),
        ("webhook_last_at", "Last webhook taken in."),
    ):
        times = [(name, at.timestamp()) for name, one in rows if (at := getattr(one, field)) is not None]
        yield _of_account(f"{field.removesuffix('_at')}_timestamp_seconds", help_text, times)
    missed = missed_by_webhook(names, now).items()
    help_text = "Events of the last 24 h that no webhook brought within a minute."
    yield _of_account("webhook_missed_24h", help_text, [(names[pk], count) for pk, count in missed])
    took = [(name, one.poll_seconds) for name, one in rows if one.poll_seconds is not None]
    yield _of_account("poll_seconds", "How long the last poll took.", took)
    late = CounterMetricFamily(PREFIX + "polls_late", "Polls left out, the one before still ran.", labels=["account"])
    for name, one in rows:
        late.add_metric([name], one.polls_late)
    yield late


def _of_our_doing(accounts: list[Account], now: datetime) -> Iterator[Metric]:
    open_now = Action.objects.filter(account__in=accounts, state__in=Action.OPEN).values_list("kind", "state")
    counted = [([kind, state], n) for kind, state, n in open_now.annotate(n=Count("pk"))]
    yield _gauge("actions_open", "Actions in grace, queued or sent.", ["kind", "state"], counted)
    kept = Delivery.objects.filter(account__in=accounts).exclude(state=Delivery.State.REPLAYED).values_list("state")
    deliveries = [([state], n) for state, n in kept.annotate(n=Count("pk"))]
    yield _gauge("deliveries_kept_aside", "Webhook deliveries rejected or parked.", ["state"], deliveries)
    tripped = policy_book.visible().filter(enabled=True).values_list("name", "breaker_tripped_at")
    breakers = [([name], float(at is not None)) for name, at in tripped]
    yield _gauge("policy_breaker_tripped", "1 while a policy's breaker is open.", ["policy"], breakers)
    room = disk.space()
    yield _gauge("disk_free_bytes", "Room on the disk of DATA_DIR.", [], [([], room.free)])
    yield _gauge("disk_total_bytes", "Size of the disk of DATA_DIR.", [], [([], room.total)])
    beats = [
        ([name], (now - at).total_seconds())
        for name, at in Heartbeat.objects.filter(name=heartbeat.NAME).values_list("name", "at")
    ]
    yield _gauge("heartbeat_age_seconds", "Since that part's last beat.", ["part"], beats)


def _of_account(name: str, help_text: str, values: Sequence[tuple[str, Number]]) -> GaugeMetricFamily:
    return _gauge(name, help_text, ["account"], [([account], value) for account, value in values])


def _gauge(
    name: str, help_text: str, labels: list[str], values: Sequence[tuple[list[str], Number]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, help_text, labels=labels)
    for given, value in values:
        family.add_metric(given, float(value))
    return family
