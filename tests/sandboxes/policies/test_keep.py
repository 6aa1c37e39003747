"""Metadata that keeps a sandbox from every policy: what each account says, in every place that judges."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from sandboxes.cleanup.whatif import preview
from sandboxes.cleanup.whatif.now import fleets_of, judged_now
from sandboxes.policies import pairs, parse
from tests.support.reaping import act, policy, spec_with


def test_pairs_are_read_without_regard_to_case_of_the_value():
    assert pairs(["keep=true", " tier = Prod "]) == (("keep", "true"), ("tier", "prod"))


@pytest.mark.parametrize("word", ["keep", "keep=", "=true", "", " = "])
def test_half_a_pair_is_refused(word):
    with pytest.raises(ValueError, match="KEY=VALUE"):
        pairs([word])


async def test_it_works(backend, kills):
    backend.account.keep_metadata = ["tier=prod", "pin=yes"]
    await backend.account.asave()
    kept, plain = [backend.make(tier="PROD"), backend.make(pin="yes")], [backend.make(keep="true"), backend.make()]
    await backend.sync()
    await policy(max_fleet_fraction=1.0)
    await act()
    assert sorted(kills) == sorted(plain)
    assert all(backend.state(one) == "running" for one in kept)


async def test_an_account_that_keeps_nothing_keeps_nothing(backend, kills):
    backend.account.keep_metadata = []
    await backend.account.asave()
    await backend.held(backend.make(keep="true"))
    await policy()
    await act()
    assert len(kills) == 1


async def test_the_preview_and_the_replay_spare_the_same(backend):
    backend.account.keep_metadata = ["tier=prod"]
    await backend.account.asave()
    await backend.held(backend.make(tier="prod"))
    await backend.held(backend.make(keep="true"))
    spec, now = parse(spec_with(grace_seconds=0)), datetime.now(UTC)
    fleets = await sync_to_async(fleets_of)([backend.account])
    told = await sync_to_async(judged_now)(spec, fleets, now)
    assert (len(told.hits), dict(told.spared)) == (1, {"metadata.tier": 1})
    replayed = (await sync_to_async(preview)(spec, now + timedelta(seconds=1))).history
    assert replayed.would_have_hit <= 1
