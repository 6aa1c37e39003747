"""A worker dies before each of its writes in turn, from mark to confirmation: nothing is lost, nothing done twice."""

import pytest
from django.db import connection

from tests.sandboxes.cleanup.reaper_model.machine import GRACE_SECONDS, ROUND_SECONDS, YOUNG_SECONDS, Crash, Fleet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("world")]
WRITES = ("INSERT", "UPDATE", "DELETE")
MARKS_LIFE = ("sandboxes_action", "sandboxes_guard", "sandboxes_verdict")
ROUNDS_AROUND_THE_ACT = 3


class Writing:
    """Counts what is written about marks, acts and claims, and dies just before the `fatal`th."""

    def __init__(self, fatal: int) -> None:
        self.fatal, self.count = fatal, 0

    def __call__(self, execute, sql, params, many, context):
        words = sql.lstrip()
        if words.startswith(WRITES) and any(table in words for table in MARKS_LIFE):
            self.count += 1
            if self.count == self.fatal:
                raise Crash(words)
        return execute(sql, params, many, context)


@pytest.mark.full(reason="a run of the model for each write takes a minute")
def test_a_worker_dies_before_each_of_its_writes(world):
    fatal, died = 0, True
    while died:
        fatal += 1
        fleet, writing = Fleet(), Writing(fatal)
        fleet.create(2, keep=False)
        leased = sorted(fleet.born)[:1]
        fleet.take(leased, "a", 400)
        fleet.pass_time(YOUNG_SECONDS + ROUND_SECONDS, beating=True)
        with connection.execute_wrapper(writing):
            fleet.round()
            for _ in range(GRACE_SECONDS // ROUND_SECONDS - 1):
                fleet.pass_time(ROUND_SECONDS, beating=True)
            fleet.life_goes_on(ROUNDS_AROUND_THE_ACT, twice=False, turns=True)
        died = writing.count >= fatal
        assert set(leased) <= fleet.alive()
        assert died or fleet.alive() == set(leased)  # an undisturbed life comes to its end in these rounds
        fleet.teardown()
    print(f"{fatal - 1} writes, a death before each")
    assert fatal > 6
