"""Who is idle by the list's filter is idle by a policy's rule, and nobody else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sandboxes.cleanup.reaper.facts import cpu_windows, fleet_of
from sandboxes.fleet.search import QueryError, SandboxQuery, count, count_by, search, settled
from sandboxes.models import Account, AccountHealth, MetricSeries
from sandboxes.policies import judge, parse
from tests.support import records
from tests.support.counting import statements
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
WINDOW_SECONDS = 1800
STEP_SECONDS = 10
FRESH_SECONDS = 60  # the newest samples stand in frames, the others in series
BORN = NOW - timedelta(hours=2)

# How much CPU each has, by the seconds from a sample to now; None: no sample.
LIVES: dict[str, Callable[[int], float | None]] = {
    "quiet": lambda _ago: 0.5,
    "busy-before-the-window": lambda ago: 80.0 if ago > WINDOW_SECONDS else 0.5,
    "busy-once-in-series": lambda ago: 80.0 if ago == 900 else 0.5,
    "busy-once-in-the-hour-before": lambda ago: 80.0 if ago == 1790 else 0.5,
    "busy-once-in-a-frame": lambda ago: 80.0 if ago == 20 else 0.5,
    "at-the-limit": lambda _ago: 2.0,
    "not-sampled-for-130-s": lambda ago: None if 400 <= ago < 530 else 0.5,
    "not-sampled-for-110-s": lambda ago: None if 400 <= ago < 510 else 0.5,
    "no-longer-sampled": lambda ago: None if ago < 200 else 0.5,
    "sampled-for-20-min": lambda ago: None if ago > 1200 else 0.5,
    "never-sampled": lambda _ago: None,
}


def lived(account: Account, now: datetime, offset_seconds: int = 0) -> None:
    """The fleet of LIVES as of `now`; the backend's clock, which stamps samples, is `offset_seconds` ahead."""
    keys = {name: records.sandbox(name, of=account, started_at=BORN).pk for name in LIVES}
    keys["younger"] = records.sandbox("younger", of=account, started_at=now - timedelta(seconds=600)).pk
    lives = LIVES | {"younger": LIVES["quiet"]}
    for name, cpu_of in lives.items():
        by_hour: dict[datetime, list[tuple[int, int]]] = {}
        for ago in range(3600 - STEP_SECONDS, FRESH_SECONDS - 1, -STEP_SECONDS):
            at, cpu = now + timedelta(seconds=offset_seconds - ago), cpu_of(ago)
            hour = at.replace(minute=0, second=0, microsecond=0)
            if cpu is not None:
                by_hour.setdefault(hour, []).append((int((at - hour).total_seconds()), round(cpu * 100)))
        for hour, samples in by_hour.items():
            offsets, values = map(list, zip(*samples, strict=True))
            MetricSeries.objects.create(
                sandbox_id=keys[name], hour=hour, source="poll", step_seconds=STEP_SECONDS, offsets=offsets,
                cpu=values, mem=values, disk=values, cpu_max=max(values), mem_max=0,
            )  # fmt: skip
    for ago in range(FRESH_SECONDS - STEP_SECONDS, -1, -STEP_SECONDS):
        told = {keys[name]: Reading(cpu=cpu) for name, cpu_of in lives.items() if (cpu := cpu_of(ago)) is not None}
        frame = records.frame(told, at=now - timedelta(seconds=ago), of=account)
        type(frame).objects.filter(pk=frame.pk).update(clock_unix=frame.clock_unix + offset_seconds)


def by_the_policy(account: Account, now: datetime) -> set[str]:
    spec = parse({"name": "idle", "orphan_when": {"idle_cpu_below_pct": 2, "idle_for_seconds": WINDOW_SECONDS}})
    fleet = fleet_of(account)
    windows = cpu_windows(account, list(fleet.known), WINDOW_SECONDS, fleet.clock(now))
    return {
        one.facts.sandbox_id
        for key, one in fleet.known.items()
        if judge(spec, replace(one.facts, cpu=windows.get(key)), fleet.clock(now)).hit
    }


def found(query: SandboxQuery, now: datetime = NOW) -> set[str]:
    return {row.id for row in search(query, now=now).items}


IDLE = {"quiet", "busy-before-the-window", "not-sampled-for-110-s"}


@pytest.mark.parametrize("now", [NOW, NOW.replace(minute=20), NOW.replace(minute=45)])
def test_idle_filter_finds_whom_the_policy_holds_for_idle(now: datetime) -> None:
    account = records.account()
    lived(account, now)
    assert found(SandboxQuery(idle_for=WINDOW_SECONDS), now) == IDLE == by_the_policy(account, now)


def test_idle_filter_goes_by_the_clock_of_the_backend() -> None:
    account = records.account()
    AccountHealth.objects.create(account=account, clock_offset_seconds=300)
    lived(Account.objects.get(pk=account.pk), NOW, offset_seconds=300)
    assert found(SandboxQuery(idle_for=WINDOW_SECONDS)) == IDLE


def test_idle_filter_takes_another_limit() -> None:
    lived(records.account(), NOW)
    assert found(SandboxQuery(idle_for=WINDOW_SECONDS, idle_cpu_below=2.5)) == {*IDLE, "at-the-limit"}
    assert found(SandboxQuery(idle_for=WINDOW_SECONDS, idle_cpu_below=0.5)) == set()


def test_idle_filter_of_a_short_time_wants_close_samples() -> None:
    """Of one minute a gap of 15 s is the most that is forgiven, and the newest sample is 0 s old."""
    lived(records.account(), NOW)
    assert "no-longer-sampled" not in found(SandboxQuery(idle_for=60))
    assert "busy-once-in-series" in found(SandboxQuery(idle_for=60))


def test_idle_filter_reads_samples_once_for_a_page_of_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    lived(records.account(), NOW)
    with statements(monkeypatch) as sent:
        query = settled(SandboxQuery(idle_for=WINDOW_SECONDS), NOW)
        assert count(query, now=NOW) == len(IDLE)
        assert sum(n for *_values, n in count_by(query, ["state"], now=NOW)) == len(IDLE)
        search(query, now=NOW)
    assert sum("sandboxes_metricseries" in one for one in sent) == 1


@pytest.mark.parametrize("given", [{"idle_for": 0}, {"idle_for": 8 * 86_400}, {"idle_cpu_below": 5}])
def test_idle_filter_refuses_what_it_cannot_answer(given: dict[str, float]) -> None:
    with pytest.raises(QueryError, match="idle_for"):
        SandboxQuery(**given)  # type: ignore[arg-type]
