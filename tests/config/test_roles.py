"""A process of several roles: it ends as it is told, and ends by itself only when one of its roles has."""

import os
import signal
import threading

import pytest
import uvicorn

from config.roles import __main__ as roles
from config.roles import web
from config.roles.fleet_size import FleetSize
from config.roles.role import Role
from runner.supervisor import growth
from tests.runner.conftest import a_free_port
from tests.support import records


@pytest.fixture
def free_port():
    return a_free_port()


class Idle(Role):
    """A role that does nothing until it is stopped; `ends` has it end at once, `signals` send the process a SIGTERM."""

    def __init__(self, *, ends: bool = False, signals: bool = False) -> None:
        super().__init__("idle")
        self._ends, self._signals, self._over = ends, signals, threading.Event()

    @property
    def stopped(self) -> bool:
        return self._over.is_set()

    def work(self) -> None:
        if self._signals:
            os.kill(os.getpid(), signal.SIGTERM)
        if not self._ends:
            self._over.wait()

    def stop(self) -> None:
        self._over.set()


@pytest.fixture(autouse=True)
def restored_signals():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def played(monkeypatch, *beside, words=("work",)):
    """The exit code of a process with these roles beside its main thread."""
    monkeypatch.setattr(roles, "beside_the_main_thread", lambda _: list(beside))
    return roles.main(list(words))


def test_process_ends_with_0_when_told_and_stops_its_roles(monkeypatch):
    told, other = Idle(signals=True), Idle()
    assert played(monkeypatch, told, other) == 0
    assert told.stopped
    assert other.stopped


def test_process_ends_with_1_when_one_of_its_roles_did(monkeypatch):
    whole, broken = Idle(), Idle(ends=True)
    assert played(monkeypatch, whole, broken) == 1
    assert whole.stopped


async def answers(scope, receive, send):
    """A whole application, as far as a server that is only started and stopped is concerned."""


@pytest.fixture
def server(monkeypatch, free_port):
    made = uvicorn.Server(uvicorn.Config(answers, port=free_port, lifespan="off", log_config=None))
    monkeypatch.setattr(web, "server", lambda: made)
    return made


def test_pages_and_work_in_one_process_both_end_when_told(monkeypatch, server):
    """uvicorn raises the signal again once it has stopped: the roles beside it are stopped all the same."""
    role = Idle()
    begin = server.startup

    async def startup(sockets=None):
        await begin(sockets)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(server, "startup", startup)
    assert played(monkeypatch, role, words=("web", "work")) == 0
    assert server.started
    assert role.stopped


def test_pages_end_with_1_when_the_work_beside_them_did(monkeypatch, server):
    assert played(monkeypatch, Idle(ends=True), words=("web", "work")) == 1


def test_pages_are_not_served_when_told_while_loading(monkeypatch, server):
    role = Idle()
    monkeypatch.setattr(role, "start", lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert played(monkeypatch, role, words=("web", "work")) == 0
    assert not server.started


@pytest.mark.django_db
def test_fleet_size_is_told_to_the_supervisor(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "run").mkdir(mode=0o700)
    for number in range(3):
        records.sandbox(f"i{number}", state="running" if number else "paused")
    FleetSize().tell()
    assert growth.told(tmp_path) == 2


def test_unknown_role_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as refused:
        roles.main(["wrok"])
    assert refused.value.code == 2
    assert "web" in capsys.readouterr().err


def test_every_consumer_knows_every_task():
    from config.celery import app
    from config.roles.consumer import Consumer

    app.loader.import_default_modules()
    app.finalize()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert {"sandboxes.tasks.poll", "events.tasks.sync", "dashboard.tasks.retain"} <= ours
    for queue in ("sandwarden", "sandwarden-outbound"):
        assert ours <= set(Consumer(queue, 1).app.tasks)


def test_the_clock_has_every_interval():
    from config.roles.clock import Clock

    schedule = Clock().service.scheduler.schedule
    assert len(schedule) == 17
    assert "sandboxes.tasks.poll" in schedule


def test_work_needs_nothing_of_what_only_pages_need():
    """Plotly, ninja and pydantic are a third of the memory of a process that does not serve pages."""
    import subprocess
    import sys

    program = (
        "import os, sys; os.environ.update(DJANGO_SETTINGS_MODULE='config.settings', CELERY_SKIP_CHECKS='1');"
        "import django; django.setup(); from config.roles.consumer import Consumer; Consumer('sandwarden', 1);"
        "print(*sorted({'plotly', 'ninja', 'pydantic', 'narwhals', 'dashboard.urls'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
