"""What people come to do, walked in a real browser on a simulated fleet: each job; the on-call list in all modes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys import jobs_by_keys, jobs_money, jobs_on_call, jobs_policies, jobs_settings, table
from tests.journeys.fleet import Fleet
from tests.journeys.jobs import JOBS, WHO, Job
from tests.journeys.modes import DESK, KEYS, MATRIX, PHONE, Mode
from tests.journeys.walker import Walker

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
left_to_full = pytest.mark.full(reason="every job in a browser, and eight of them in six modes, take minutes")
LISTED = (jobs_on_call, jobs_money, jobs_policies, jobs_settings, jobs_by_keys)
JOBS.sort(key=lambda job: WHO.index(job.who))
CORE = [job for job in JOBS if job.is_core]
REST = [job for job in JOBS if not job.is_core]
ON_CALL = [job for job in JOBS if job.on_call]
PHONE_TAPS = {"find_the_hot_one": 3, "say_why": 3, "stop_a_mark": 3, "freeze": 3}


@pytest.fixture(scope="module")
def walked(request: pytest.FixtureRequest) -> Iterator[list[table.Walked]]:
    """What was walked; `make docs` names the file to write it to, once every journey came to its end."""
    all_of_them: list[table.Walked] = []
    yield all_of_them
    if (path := os.environ.get("JOURNEYS_PAGE")) and not request.session.testsfailed:
        table.write(all_of_them, Path(path))


@contextmanager
def walking(fleet: Fleet, job: Job, mode: Mode) -> Iterator[Walker]:
    """The job done in that mode; nothing stays frozen after it."""
    with fleet.window(mode) as window:
        walker = Walker(window, fleet, mode)
        try:
            walker.walk(job.way)
            yield walker
        finally:
            pictured(walker, job)
            if "freeze" in job.id:
                fleet.frozen(False)


def pictured(walker: Walker, job: Job) -> None:
    """A picture of where it ended, for whoever names a folder for them."""
    if folder := os.environ.get("JOURNEYS_PICTURES"):
        walker.page.screenshot(path=Path(folder) / f"{job.id}-{walker.mode.name.replace(' ', '-')}.png")


def do(fleet: Fleet, job: Job, mode: Mode, walked: list[table.Walked], *, with_axe: bool) -> None:
    with walking(fleet, job, mode) as walker:
        walker.check(with_axe=with_axe)
        walked.append(table.Walked.by(walker, job))


def modes_of(job: Job) -> Mode:
    return KEYS if job.keys_only else DESK


@left_to_full
@pytest.mark.parametrize("job", CORE, ids=lambda job: job.id)
def test_core_job_is_done(fleet: Fleet, walked: list[table.Walked], job: Job) -> None:
    do(fleet, job, modes_of(job), walked, with_axe=True)


@left_to_full
@pytest.mark.parametrize("job", REST, ids=lambda job: job.id)
def test_job_is_done(fleet: Fleet, walked: list[table.Walked], job: Job) -> None:
    do(fleet, job, modes_of(job), walked, with_axe=True)


@left_to_full
@pytest.mark.parametrize("job", ON_CALL, ids=lambda job: job.id)
@pytest.mark.parametrize("mode", MATRIX, ids=lambda mode: mode.name)
def test_on_call_job_is_done_in_every_mode(fleet: Fleet, walked: list[table.Walked], mode: Mode, job: Job) -> None:
    do(fleet, job, mode, walked, with_axe=mode is PHONE)


@left_to_full
@pytest.mark.parametrize(("name", "taps"), PHONE_TAPS.items())
def test_job_on_the_phone_takes_three_taps_from_fleet(fleet: Fleet, name: str, taps: int) -> None:
    job = next(one for one in JOBS if one.id == name)
    with walking(fleet, job, PHONE) as walker:
        assert walker.clicks <= taps
        assert walker.keys == 0
        walker.check(with_axe=False)


def test_there_are_thirty_jobs() -> None:
    assert len(JOBS) >= 30
    assert len({job.id for job in JOBS}) == len(JOBS)
