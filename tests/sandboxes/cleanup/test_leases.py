"""Leases: an owner's word covers, spares, follows newcomers, and never runs out because we were away."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sandboxes.actions import Actor, cancel, request
from sandboxes.cleanup import leases
from sandboxes.fleet import lease_coverage
from sandboxes.models import Action, Heartbeat, Lease, LeaseSpan, Sandbox, SandboxLock, Verdict
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox")]


def beat(*, at, up_since):
    Heartbeat.objects.update_or_create(name="api", defaults={"at": at, "up_since": up_since})


def pass_time(lease, seconds):
    """Everything about the lease happened `seconds` earlier."""
    back = timedelta(seconds=seconds)
    Lease.objects.filter(key=lease).update(
        expires_at=Lease.objects.get(key=lease).expires_at - back,
        renewed_at=Lease.objects.get(key=lease).renewed_at - back,
    )
    for span in LeaseSpan.objects.filter(key=lease):
        LeaseSpan.objects.filter(pk=span.pk).update(since=span.since - back, until=span.until - back)


def is_live(sandbox):
    return sandbox.pk in lease_coverage.holding([sandbox.pk])


def test_it_works():
    sandbox = records.sandbox("ia")
    result = leases.put("runner-1", 600, ids=["ia", "inew"], token="robot")
    assert (result.live, result.unknown, result.marked, result.condemned) == (1, ["inew"], [], [])
    assert result.expires_at - timezone.now() == pytest.approx(timedelta(seconds=600), abs=timedelta(seconds=5))
    assert lease_coverage.holding([sandbox.pk])[sandbox.pk].key == "runner-1"
    span = LeaseSpan.objects.get()
    assert (span.key, span.token, span.until) == ("runner-1", "robot", result.expires_at)


@pytest.mark.parametrize(
    "given",
    [
        {"ttl_seconds": 0, "ids": ["a"]},
        {"ttl_seconds": 10**9, "ids": ["a"]},
        {"ttl_seconds": 60},
        {"ttl_seconds": 60, "ids": []},
        {"ttl_seconds": 60, "ids": [""]},
        {"ttl_seconds": 60, "metadata": {}},
        {"ttl_seconds": 60, "ids": ["a"], "metadata": {"a": "b"}},
    ],
)
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(leases.LeaseError):
        leases.put("k", **given)
    assert not Lease.objects.exists()


def test_renewing_moves_the_span_on():
    records.sandbox("ia")
    leases.put("k", 60, ids=["ia"])
    renewed = leases.put("k", 900, ids=["ia"])
    assert LeaseSpan.objects.get().until == renewed.expires_at
    assert Lease.objects.get().ttl_seconds == 900


def test_one_that_is_named_no_more_is_covered_no_more():
    kept, left = records.sandbox("ia"), records.sandbox("ib")
    leases.put("k", 600, ids=["ia", "ib"])
    leases.put("k", 600, ids=["ia"])
    assert is_live(kept)
    assert not is_live(left)
    assert LeaseSpan.objects.get(sandbox=left).until <= timezone.now()


def test_an_id_not_on_record_yet_is_covered_from_first_sight():
    leases.put("k", 600, ids=["ilater"])
    sandbox = records.sandbox("ilater")
    assert is_live(sandbox)
    leases.look(timezone.now())
    leases.look(timezone.now())
    assert LeaseSpan.objects.get().sandbox == sandbox


def test_a_lease_by_metadata_covers_what_comes_later():
    leases.put("k", 600, metadata={"job": "7"})
    match, other = records.sandbox(metadata={"job": "7", "x": "y"}), records.sandbox(metadata={"job": "8"})
    leases.look(timezone.now())
    assert is_live(match)
    assert not is_live(other)
    assert [span.sandbox for span in LeaseSpan.objects.all()] == [match]


def test_a_marked_one_is_spared_and_the_answer_says_so():
    sandbox = records.sandbox("ia")
    policy = records.policy(mode="enforce")
    mark = records.action(sandbox, state="grace", policy=policy, policy_version=1, actor_kind="policy")
    result = leases.put("k", 600, ids=["ia"])
    assert (result.live, result.marked) == (1, ["ia"])
    mark.refresh_from_db()
    assert (mark.state, mark.outcome) == ("cancelled", "spared: leased as k")


def test_a_condemned_one_must_not_be_handed_out():
    doomed = records.sandbox("ia")
    records.sandbox("ib")
    request(doomed, "kill", Actor("user", "anna"))
    result = leases.put("k", 600, ids=["ia", "ib"])
    assert (result.live, result.condemned) == (1, ["ia"])
    assert [span.sandbox.sandbox_id for span in LeaseSpan.objects.all()] == ["ib"]


def test_when_all_are_condemned_or_ended_nothing_is_leased():
    doomed = records.sandbox("ia")
    records.sandbox("iz", state="ended")
    kill = request(doomed, "kill", Actor("user", "anna"))
    with pytest.raises(leases.LeaseConflict) as refused:
        leases.put("k", 600, ids=["ia", "iz"])
    assert refused.value.condemned == ["ia", "iz"]
    assert not Lease.objects.exists()
    cancel(kill, Actor("user", "anna"))
    assert leases.put("k", 600, ids=["ia", "iz"]).live == 1


def test_releasing_ends_it_now():
    sandbox = records.sandbox("ia")
    leases.put("k", 600, ids=["ia"])
    assert leases.release("k")
    assert not is_live(sandbox)
    assert LeaseSpan.objects.get().until <= timezone.now()
    assert not leases.release("k")
    assert not leases.release("unknown")
    assert leases.list_() == []


def test_a_lease_ends_by_a_look_while_the_api_is_up():
    sandbox, now = records.sandbox("ia"), timezone.now()
    leases.put("k", 600, ids=["ia"])
    pass_time("k", 700)
    assert is_live(sandbox)
    beat(at=now, up_since=now - timedelta(days=1))
    leases.look(now)
    assert not is_live(sandbox)
    leases.put("k", 600, ids=["ia"])
    assert is_live(sandbox)


def test_no_lease_ends_while_the_api_is_away():
    sandbox, now = records.sandbox("ia"), timezone.now()
    leases.put("k", 600, ids=["ia"])
    pass_time("k", 7000)
    leases.look(now)
    assert is_live(sandbox)
    beat(at=now - timedelta(seconds=31), up_since=now - timedelta(days=1))
    leases.look(now)
    assert is_live(sandbox)
    assert not lease_coverage.api_is_up(now)


@pytest.mark.parametrize(("ahead", "up"), [(3600, False), (31, False), (6, False), (4, True)])
def test_heartbeat_ahead_of_our_clock_proves_nothing(ahead, up):
    """Our clock was set back; a few seconds are another machine's."""
    sandbox, now = records.sandbox("ia"), timezone.now()
    leases.put("k", 600, ids=["ia"])
    pass_time("k", 700)
    beat(at=now + timedelta(seconds=ahead), up_since=now - timedelta(days=1))
    assert lease_coverage.api_is_up(now) is up
    leases.look(now)
    assert is_live(sandbox) is not up


def test_what_ran_out_while_the_api_was_away_gets_one_whole_ttl_from_its_return():
    sandbox, now = records.sandbox("ia"), timezone.now()
    leases.put("k", 600, ids=["ia"])
    pass_time("k", 7000)
    back = now - timedelta(seconds=20)
    beat(at=now, up_since=back)
    leases.look(now)
    lease = Lease.objects.get()
    assert is_live(sandbox)
    assert lease.expires_at == back + timedelta(seconds=600)
    assert LeaseSpan.objects.get().until == lease.expires_at
    later = now + timedelta(seconds=590)
    beat(at=later, up_since=back)
    leases.look(later)
    assert not is_live(sandbox)


def counts(page):
    """What the database counted with each lease; `live_count` is no field of the model."""
    return [(lease.key, vars(lease)["live_count"]) for lease in page]


def test_the_list_counts_what_is_covered():
    records.sandbox("ia")
    records.sandbox("ib")
    leases.put("two", 900, ids=["ia", "ib"])
    leases.put("none", 60, ids=["iz"])
    assert counts(leases.list_()) == [("none", 0), ("two", 2)]


def test_a_page_of_leases_is_read_and_counted_by_the_database(django_assert_num_queries):
    for number in range(3):
        records.sandbox(f"i{number}")
    for key in ("b", "B", "a", "_", "é"):
        leases.put(key, 900, ids=["i0", "i1", "i2"])
    leases.release("a")
    Sandbox.objects.filter(sandbox_id="i2").update(state="ended")
    with django_assert_num_queries(1):
        page = leases.list_(after="B", most=2)
    assert counts(page) == [("_", 2), ("b", 2)]
    assert [lease.key for lease in leases.list_()] == sorted(["b", "B", "_", "é"])
    assert leases.count() == 4


def test_the_same_id_at_two_accounts_is_one_guard():
    records.sandbox("ia", of=records.account("one"))
    records.sandbox("ia", of=records.account("two"))
    assert leases.put("k", 60, ids=["ia"]).live == 1
    assert SandboxLock.objects.count() == 1
    assert not Action.objects.exists()


@pytest.mark.parametrize("how", ["lease", "protect"])
def test_an_owners_or_a_persons_word_ends_what_policies_hold_against_it_at_once(how):
    mine, other = records.sandbox("ia"), records.sandbox("ib")
    rule = records.policy()
    records.verdict(mine, rule)
    records.verdict(other, rule)
    if how == "lease":
        leases.put("k", 600, ids=["ia"])
    else:
        request(mine, "protect", Actor("user", "anna"), reason="mine")
    assert [verdict.sandbox for verdict in Verdict.objects.filter(until=None)] == [other]
