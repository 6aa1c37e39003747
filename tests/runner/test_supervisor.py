"""What a person sees of `make run`: one address, clear sentences, and nothing left behind."""

import os
import signal
import socket
import time
import urllib.request
from functools import partial
from pathlib import Path

from runner.embedded import proc
from runner.supervisor import growth
from tests.runner.conftest import Supervised

READY = "Sandwarden is at"


def test_it_serves_and_tells_the_address_and_the_first_password(supervised: Supervised) -> None:
    supervised.start()
    said = supervised.hears(READY)
    assert f"Sandwarden is at http://127.0.0.1:{supervised.port} " in said
    assert "admin password: for-the-test" in said
    assert "simulated" not in said  # E2B_API_URL was given
    with urllib.request.urlopen(f"http://127.0.0.1:{supervised.port}/", timeout=5) as page:
        assert page.status == 200


def test_lines_carry_the_name_of_their_process(supervised: Supervised) -> None:
    supervised.start()
    assert "\nworker    │ worker " in supervised.hears("worker    │ worker")


def test_ctrl_c_stops_all_within_ten_seconds_even_one_that_will_not(supervised: Supervised) -> None:
    run = supervised.start(STUBBORN="1")
    supervised.hears("worker    │ worker")
    assert len(supervised.living()) >= 7
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(15) == 0
    assert time.monotonic() - began < 10
    assert "worker    │ did not stop within 5 s, killed" in supervised.said()
    assert supervised.living() == []
    assert not list((supervised.home / "run").glob("*.pid"))


def test_those_who_use_the_database_stop_before_it(supervised: Supervised) -> None:
    run = supervised.start()
    supervised.hears("worker    │ worker")
    users = [supervised.pid_of(name) for name in ("web", "worker", "acts", "beat")]
    run.send_signal(signal.SIGTERM)
    supervised.hears("received fast shutdown request")
    assert not any(proc.is_alive(pid) for pid in users)
    assert run.wait(10) == 0
    assert "database system is shut down" in supervised.said()


def test_killed_hard_its_processes_go_and_the_next_start_clears_the_rest(supervised: Supervised) -> None:
    first = supervised.start()
    supervised.hears("worker    │ worker")
    own = [supervised.pid_of(name) for name in ("web", "worker", "acts", "beat", "redis", "postgres")]
    first.kill()
    first.wait()
    assert proc.wait_until(lambda: not any(map(proc.is_alive, own)), 10)
    orphans = supervised.living()
    assert orphans, "the worker's own child lives on: it knows nothing of us"

    second = supervised.start()
    supervised.hears(READY)
    assert "worker    │ was left over from an earlier run and has been stopped" in supervised.said()
    assert not any(map(proc.is_alive, orphans))
    second.send_signal(signal.SIGTERM)
    assert second.wait(15) == 0
    assert supervised.living() == []


def _is_new(supervised: Supervised, name: str, old: int) -> bool:
    return supervised.pid_of(name) not in {0, old}


def test_what_dies_is_started_again_with_all_it_had(supervised: Supervised) -> None:
    supervised.start()
    supervised.hears("worker    │ worker")
    for name in ("worker", "redis", "postgres"):
        old = supervised.pid_of(name)
        os.kill(old, signal.SIGKILL)
        supervised.hears(f"{name:<9} │ was ended by SIGKILL; starting it again in 1 s")
        assert proc.wait_until(partial(_is_new, supervised, name, old), 10)
    supervised.hears("database system is ready to accept connections")
    assert supervised.said().count("worker    │ worker ") == 2


def test_workers_are_started_beside_when_the_fleet_has_become_large(supervised: Supervised) -> None:
    supervised.start()
    supervised.hears(READY)
    growth.tell(supervised.home, growth.LARGE - 1)
    assert supervised.pid_of("more") == 0
    growth.tell(supervised.home, growth.LARGE)
    supervised.hears("2000 sandboxes run: 3 workers are started beside")
    assert proc.wait_until(lambda: supervised.pid_of("more") > 0, 10)


def test_roles_stand_apart_from_the_start_where_workers_are_set(supervised: Supervised) -> None:
    run = supervised.start(WORKERS="2")
    supervised.hears(READY)
    growth.tell(supervised.home, growth.LARGE)
    run.send_signal(signal.SIGTERM)
    assert run.wait(15) == 0
    assert "are started beside" not in supervised.said()


def test_a_port_in_use_is_one_sentence_with_the_way_out(supervised: Supervised) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", supervised.port))
        other.listen()
        run = supervised.start()
        assert run.wait(20) == 1
    said = supervised.said().strip()
    assert said == (
        f"Sandwarden can't start. Port {supervised.port} is in use by another program: "
        f"choose another one, as in `PORT={supervised.port + 1} make run`"
    )
    assert supervised.living() == []


def test_a_second_one_on_the_same_data_is_one_sentence(supervised: Supervised, tmp_path: Path) -> None:
    supervised.start()
    supervised.hears(READY)
    second = Supervised(supervised.home, supervised.port)
    second.log.rename(tmp_path / "first.txt")
    run = second.start()
    assert run.wait(20) == 1
    assert f"Another Sandwarden (process {supervised.runs[0].pid}) is running on {supervised.home}" in second.said()
    assert "Traceback" not in second.said()


def test_a_part_that_never_comes_up_ends_the_start_and_leaves_nothing(supervised: Supervised) -> None:
    run = supervised.start(BROKEN_WEB="1")
    assert run.wait(30) == 1
    assert "Sandwarden can't start. web did not start: its lines above say why" in supervised.said()
    assert "admin password: for-the-test" in supervised.said()  # it is made only once
    assert supervised.living() == []
