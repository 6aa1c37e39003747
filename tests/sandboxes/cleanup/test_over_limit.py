"""Policies that pause or report whoever runs beyond a limit: by fresh figures alone, the newest of their group."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync

from events import observe
from sandboxes.cleanup import over_limit, policy_book
from sandboxes.core import sight
from sandboxes.limits import book
from sandboxes.limits import round as limits_round
from sandboxes.limits.settled import Settled
from sandboxes.limits.spec import LimitSpec
from sandboxes.models import Account, AccountHealth, Action, Policy, Sandbox
from sandboxes.policies import PolicyError, parse
from tests.support import records
from tests.support.driven import Driven, driven
from tests.support.records import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def limited(**fields: Any) -> Any:
    given: dict[str, Any] = {"name": "x", "key": "owner", "value": "*", "max_running": 2} | fields
    return book.write(LimitSpec(**given))


def listed(name: str = "default") -> Account:
    account = records.account(name)
    AccountHealth.objects.update_or_create(account=account, defaults={"last_sync_at": NOW})
    return account


def judged(at: Any = NOW) -> None:
    with time_machine.travel(at, tick=False):
        async_to_sync(limits_round.run)(Settled())


def over(account: Account, at: Any = NOW) -> list[str]:
    """IDs of those beyond the maximum, by their place."""
    boxes = {box.pk: box.sandbox_id for box in Sandbox.objects.filter(account=account)}
    found = over_limit.places("x", account, list(boxes), at)
    return [boxes[key] for key, one in sorted(found.items(), key=lambda one: one[1].rank or 0)
            if one.rank and one.rank > one.most]  # fmt: skip


def ran(name: str, minutes: float, owner: str = "ada", **fields: Any) -> Sandbox:
    return records.sandbox(name, owner=owner, started_at=NOW - minutes * MINUTE, **fields)


def test_the_newest_beyond_the_maximum_are_over() -> None:
    account = listed()
    for name, minutes in (("i3", 40), ("i1", 50), ("i4", 30), ("i2", 40)):
        ran(name, minutes)
    ran("other", 5, owner="bob")
    ran("asleep", 1, state="paused")
    ran("nobody", 1, owner="")
    limited()
    judged()
    assert over(account) == ["i3", "i4"]  # of those created at the same moment the ID decides


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("environment", {"environment": "ada"}),
        ("template", {"template_id": "ada"}),
        ("template", {"template_id": "t1", "template_name": "ada"}),
        ("metadata.team", {"metadata": {"team": "ada"}}),
    ],
)
def test_every_key_groups(key: str, fields: dict[str, Any]) -> None:
    account = listed()
    AccountHealth.objects.update(templates={"t1": {"name": "ada"}})
    for number in range(3):
        ran(f"i{number}", 30 - number, owner="x", **fields)
    ran("other", 1)
    limited(key=key, value="ada")
    judged()
    assert over(account) == ["i2"]


def test_an_account_counts_as_its_own_group() -> None:
    account = listed()
    for number in range(3):
        ran(f"i{number}", 30 - number, owner="")
    limited(key="account")
    judged()
    assert over(account) == ["i2"]


def test_accounts_named_together_share_the_maximum() -> None:
    first, second = listed(), listed("second")
    ran("i1", 50)
    ran("i2", 40, of=second)
    ran("i3", 30)
    ran("i4", 20, of=second)
    limited(accounts=("default", "second"))
    judged()
    assert (over(first), over(second)) == (["i3"], ["i4"])


def test_figures_a_minute_old_are_not_gone_by() -> None:
    account = listed()
    for number in range(3):
        ran(f"i{number}", 30)
    limited()
    judged()
    assert over(account, NOW + timedelta(seconds=59)) == ["i2"]
    assert over(account, NOW + timedelta(seconds=60)) == []


def test_who_left_since_the_round_makes_room_at_once() -> None:
    account = listed()
    for number in range(3):
        ran(f"i{number}", 30)
    limited()
    judged()
    Sandbox.objects.filter(sandbox_id="i0").update(state="ended")
    assert over(account) == []


def test_a_policy_needs_a_limit_on_what_runs() -> None:
    spec = parse({"name": "p", "orphan_when": {"over_limit": "x"}})
    with pytest.raises(PolicyError, match="no limit named 'x'"):
        policy_book.write(spec)
    limit = limited(max_running=None, usd_per_day=5)
    with pytest.raises(PolicyError, match="has no max_running"):
        policy_book.write(spec)
    other = records.account("second")
    limited_again = LimitSpec(name="x", key="owner", value="*", accounts=("second",), max_running=2)
    book.write(limited_again, limit)
    with sight.limited(frozenset({records.account().pk})), pytest.raises(PolicyError, match="no limit named"):
        policy_book.write(spec)
    with sight.limited(frozenset({other.pk})):
        assert policy_book.write(spec).orphan_when == {"over_limit": "x"}
        assert over_limit.names() == ["x"]


class TestDriven:
    """The whole way: limits, reaper and backend on one clock."""

    @staticmethod
    def policy(**fields: Any) -> Policy:
        given = {"name": "p", "enabled": True, "mode": "enforce", "action": "pause", "grace_seconds": 60,
                 "max_fleet_fraction": 1.0, "orphan_when": {"over_limit": "x"}}  # fmt: skip
        return policy_book.write(parse(given | fields))

    @staticmethod
    def passes(world: Driven, span: timedelta) -> None:
        """A list and a round of the limits before each of the reaper's."""
        for _ in range(span // MINUTE):
            world.pass_time(MINUTE)
            async_to_sync(observe.sync)(world.account)
            async_to_sync(limits_round.run)(Settled())
            world.round()

    def test_the_newest_is_paused_after_its_first_ten_minutes_and_grace(self) -> None:
        Policy.objects.all().delete()
        with driven() as world:
            ids = []
            for _ in range(3):
                ids.append(world.simulator.create(timeout=86_400, metadata={"userId": "ada"}).id)
                world.round()
                world.pass_time(MINUTE)
            limited(key="metadata.userId")
            self.policy()
            self.passes(world, 8 * MINUTE)
            assert not Action.objects.exists()
            self.passes(world, 4 * MINUTE)
            states = dict(Sandbox.objects.values_list("sandbox_id", "state"))
            assert [states[one] for one in ids] == ["running", "running", "paused"]
            (action,) = Action.objects.all()
            assert (action.kind, action.actor_name) == ("pause", "p")
            self.passes(world, 30 * MINUTE)
            assert Action.objects.count() == 1

    def test_an_edited_limit_voids_the_marks(self) -> None:
        Policy.objects.all().delete()
        with driven() as world:
            for _ in range(3):
                world.simulator.create(timeout=86_400, metadata={"userId": "ada"})
            limit = limited(key="metadata.userId")
            policy = self.policy(grace_seconds=3600)
            self.passes(world, 12 * MINUTE)
            assert [action.state for action in Action.objects.all()] == ["grace"]
            book.write(LimitSpec(name="x", key="metadata.userId", value="*", max_running=5), limit)
            (action,) = Action.objects.all()
            assert (action.state, action.outcome) == ("cancelled", "void: the limit was changed")
            assert Policy.objects.get(pk=policy.pk).version == policy.version + 1
