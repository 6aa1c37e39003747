"""What the database defines once, it defines as Python does: on planted rows both give the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandboxes.base.naming import template_shown
from sandboxes.base.pricing import PriceBook, Rate
from sandboxes.core.prices import price_book
from sandboxes.fleet import figures, last_signs
from sandboxes.fleet.figures.frames import latest_frames
from sandboxes.fleet.search import SandboxQuery, matching_ids, search
from sandboxes.metrics.series.layouts import Place, current
from sandboxes.models import ExecutionEnd, MetricFrame, MetricSeries, Price, Sandbox, Verdict
from tests.support import records
from tests.support.records import NOW, Reading

pytestmark = pytest.mark.django_db
searched = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
WORDS = st.sampled_from([None, "", "a", "python 3"])
SECONDS = st.integers(0, 7200)
HOUR = timedelta(hours=1)


@contextmanager
def taken_back() -> Iterator[None]:
    """What one example plants is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asked(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


@searched
@given(name=WORDS, alias=WORDS, template_id=st.sampled_from(["", "base"]))
def test_template_is_called_the_same(name: str | None, alias: str | None, template_id: str) -> None:
    with taken_back():
        one = records.sandbox(template_name=name, alias=alias, template_id=template_id)
        one.refresh_from_db()
        assert one.template_shown == template_shown(name, alias, template_id)


def test_template_without_a_name_is_called_and_found_by_its_alias() -> None:
    one = records.sandbox(template_name="", alias="runner", template_id="tpl")
    records.sandbox(template_name="python", alias="runner", template_id="other")
    assert matching_ids(SandboxQuery(template="runner")) == matching_ids(SandboxQuery(template="tpl")) == [one.pk]
    assert template_shown(None, None, None) == ""


@searched
@given(state=st.sampled_from(Sandbox.State.values), enabled=st.booleans(), deleted=st.booleans(), closed=st.booleans())
def test_orphan_now_is_the_same(state: str, enabled: bool, deleted: bool, closed: bool) -> None:
    with taken_back():
        box, policy = records.sandbox(state=state), records.policy("one", enabled=enabled)
        verdict = records.verdict(box, policy)
        Verdict.objects.filter(pk=verdict.pk).update(until=NOW if closed else None)
        if deleted:
            policy.delete()
        found = [key for (key,) in asked("SELECT sandbox_id FROM sandboxes_orphan_now")]
        assert found == list(Verdict.objects.holding().values_list("sandbox_id", flat=True))
        assert bool(found) == (enabled and not deleted and not closed and state != "ended")


@pytest.mark.parametrize(
    ("enabled", "until", "held"),
    [(True, None, True), (False, None, False), (False, NOW, True), (True, NOW, True)],
    ids=["open", "open of a policy that is off", "closed, off by now", "closed"],
)
def test_past_verdict_held_whatever_became_of_its_policy(enabled: bool, until: datetime | None, held: bool) -> None:
    verdict = records.verdict(records.sandbox(), records.policy("one", enabled=enabled))
    Verdict.objects.filter(pk=verdict.pk).update(since=NOW - HOUR, until=until)
    assert asked("SELECT since, until FROM sandboxes_orphan_span") == ([(NOW - HOUR, until)] if held else [])


def test_fleet_at_a_moment_shows_orphans_of_a_policy_that_is_off_by_now() -> None:
    verdict = records.verdict(records.sandbox("ipast"), records.policy("one", enabled=False))
    Verdict.objects.filter(pk=verdict.pk).update(since=NOW - HOUR / 2, until=NOW)
    shown = [figures.at(NOW - HOUR * part).items[0].orphan for part in (3 / 4, 1 / 4, 0)]
    assert shown == [False, True, False]


@searched
@given(since=st.sets(SECONDS, max_size=4), at=SECONDS)
def test_price_at_a_time_is_the_same(since: set[int], at: int) -> None:
    with taken_back():
        Price.objects.all().delete()
        rates = [
            Rate(NOW + timedelta(seconds=one), Decimal(one) / 1000, Decimal(2 * one) / 1000) for one in sorted(since)
        ]
        Price.objects.bulk_create(
            Price(
                since=one.since, usd_per_vcpu_second=one.usd_per_vcpu_second, usd_per_gib_second=one.usd_per_gib_second
            )
            for one in rates
        )
        moment = NOW + timedelta(seconds=at)
        spans = (
            "SELECT usd_per_vcpu_second, usd_per_gib_second FROM sandboxes_price_span WHERE since <= %s AND %s < until"
        )
        wanted, stored = PriceBook(rates).at(moment), price_book()
        assert asked(spans, moment, moment) == [(wanted.usd_per_vcpu_second, wanted.usd_per_gib_second)]
        assert stored.at(moment).usd_per_gib_second == wanted.usd_per_gib_second
        assert stored.cost_usd(2, 512, NOW, moment) == PriceBook(rates).cost_usd(2, 512, NOW, moment)


def test_first_price_holds_for_all_time_before_it() -> None:
    Price.objects.all().delete()
    Price.objects.create(since=NOW, usd_per_vcpu_second=1, usd_per_gib_second=2)
    assert price_book().at(datetime(2001, 1, 1, tzinfo=UTC)).usd_per_vcpu_second == 1
    assert price_book().at(datetime(1960, 1, 1, tzinfo=UTC)).usd_per_vcpu_second == 1


FRAMES = st.sets(
    st.tuples(st.integers(0, 119), st.integers(1, 3)).flatmap(
        lambda one: st.tuples(st.just(one[0]), st.integers(0, one[1] - 1), st.just(one[1]))
    ),
    max_size=8,
)


@searched
@given(planted=FRAMES, as_of=st.integers(0, 130))
def test_newest_frames_are_the_same(planted: set[tuple[int, int, int]], as_of: int) -> None:
    with taken_back():
        once = {(seconds, shard): (seconds, shard, shards) for seconds, shard, shards in sorted(planted)}
        for seconds, shard, shards in once.values():
            records.frame({}, at=NOW + timedelta(seconds=seconds), shard=shard, shards=shards)
        moment = NOW + timedelta(seconds=as_of)
        rows = MetricFrame.objects.filter(at__lte=moment).values_list("pk", "at", "shard", "shards")
        found = latest_frames([records.account().pk], moment)
        assert [one.pk for one in found] == [one.pk for one in current(Place(*row) for row in rows)]


def test_search_and_rows_read_the_same_frames() -> None:
    """A part that was polled a minute and a half ago, and days later: what is found by its CPU also shows it."""
    late, fresh = records.sandbox(), records.sandbox()
    records.frame({late.pk: Reading(cpu=50)}, at=NOW - timedelta(seconds=90), shard=0, shards=2)
    records.frame({fresh.pk: Reading(cpu=60)}, at=NOW, shard=1, shards=2)
    for now in (NOW, NOW + timedelta(days=3)):
        found = search(SandboxQuery(cpu_min=1, order="-cpu_pct"), now=now).items
        assert [(row.key, row.cpu_pct) for row in found] == [(fresh.pk, 60.0), (late.pk, 50.0)]


def test_search_finds_the_same_orphans() -> None:
    """The filter asks it of the sandbox that is at hand; the view, of all."""
    held, off = records.policy("held"), records.policy("off", enabled=False)
    for state in Sandbox.State.values:
        box = records.sandbox(f"i{state}", state=state)
        records.verdict(box, held)
        records.verdict(records.sandbox(f"o{state}", state=state), off)
    wanted = [key for (key,) in asked("SELECT sandbox_id FROM sandboxes_orphan_now ORDER BY 1")]
    everything = SandboxQuery(states=tuple(Sandbox.State.values))
    assert matching_ids(replace(everything, orphan=True)) == wanted
    assert len(wanted) == len(Sandbox.State.values) - 1
    assert not {*wanted} & {*matching_ids(replace(everything, orphan=False))}


@searched
@given(steps=st.lists(st.integers(-3, 3), max_size=6), since=st.integers(0, 6))
def test_end_moved_last_is_the_same(steps: list[int], since: int) -> None:
    with taken_back():
        box, end, last = records.sandbox(), NOW + HOUR, None
        for number, step in enumerate(steps):
            end += timedelta(seconds=step)
            at = NOW + timedelta(minutes=number)
            ExecutionEnd.objects.create(sandbox=box, at=at, end_at=end)
            if number and abs(step) >= 2 and number >= since:
                last = at
        found = last_signs.end_moved([box.pk], NOW + timedelta(minutes=since), NOW + HOUR)
        assert found == ({box.pk: last} if last else {})


@searched
@given(
    samples=st.dictionaries(st.integers(0, 3 * 3600 - 1), st.sampled_from([0, 199, 200, 4000]), max_size=8),
    since=SECONDS, until=st.integers(0, 3 * 3600),
)  # fmt: skip
def test_last_work_is_the_same(samples: dict[int, int], since: int, until: int) -> None:
    with taken_back():
        box = records.sandbox()
        for hour in range(3):
            of_it = {at % 3600: cpu for at, cpu in sorted(samples.items()) if at // 3600 == hour}
            if of_it:
                _series(box, NOW + hour * HOUR, of_it)
        worked = [at for at, cpu in samples.items() if cpu >= 200 and since <= at < until]
        found = last_signs.at_work([box.pk], NOW + timedelta(seconds=since), NOW + timedelta(seconds=until))
        assert found == ({box.pk: NOW + timedelta(seconds=max(worked))} if worked else {})


def test_work_is_seen_in_either_source_of_an_hour() -> None:
    box = records.sandbox()
    _series(box, NOW, {10: 300})
    _series(box, NOW, {600: 300}, source=MetricSeries.Source.BACKFILL)
    assert last_signs.at_work([box.pk], NOW, NOW + HOUR) == {box.pk: NOW + timedelta(seconds=600)}


@pytest.mark.parametrize(
    "source",
    [
        "sandboxes_newest_frames('{1}', now())",
        "sandboxes_last_work('{1}', now() - interval '1 day', now(), 200)",
        "sandboxes_orphan_now",
        "sandboxes_price_span",
    ],
)
def test_definition_is_written_into_the_statement_that_asks(source: str) -> None:
    plan = "\n".join(line for (line,) in asked(f"EXPLAIN SELECT * FROM {source}"))
    assert "sandboxes_" in plan
    assert "Function Scan on sandboxes_" not in plan


def _series(box: Sandbox, hour: datetime, cpu: dict[int, int], source: str = MetricSeries.Source.POLL) -> None:
    figures = [0] * len(cpu)
    MetricSeries.objects.create(
        sandbox=box, hour=hour, source=source, step_seconds=5, offsets=list(cpu), cpu=list(cpu.values()), mem=figures,
        disk=figures, cpu_max=max(cpu.values()), mem_max=0,
    )  # fmt: skip
