"""The official Python SDK against the simulator."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from e2b import Sandbox, SandboxQuery, SandboxState, Secret, Template, Volume
from e2b.exceptions import AuthenticationException, RateLimitException, SandboxException, SandboxNotFoundException

from simulator import DEFAULT_API_KEY, ManualClock, empty
from simulator.faults import Fault
from simulator.served import Served, served


@pytest.fixture(autouse=True)
def _environment(e2b: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2B_API_KEY", DEFAULT_API_KEY)
    monkeypatch.setenv("E2B_API_URL", e2b.url)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC).timestamp())


def _all(**query: object) -> list[str]:
    pages, found = Sandbox.list(limit=3, query=SandboxQuery(**query)), []  # type: ignore[arg-type]
    while pages.has_next:
        found += [sandbox.sandbox_id for sandbox in pages.next_items()]
    return found


def test_a_sandbox_from_its_creation_to_its_second_kill() -> None:
    sandbox = Sandbox.create("code-interpreter-v1", timeout=600, metadata={"owner": "team-agents"})
    info = Sandbox.get_info(sandbox.sandbox_id)
    assert (info.name, info.metadata, info.state) == (
        "code-interpreter-v1",
        {"owner": "team-agents"},
        SandboxState.RUNNING,
    )
    assert (info.cpu_count, info.memory_mb) == (2, 1024)
    assert Sandbox.kill(sandbox.sandbox_id) is True
    assert Sandbox.kill(sandbox.sandbox_id) is False
    with pytest.raises(SandboxNotFoundException):
        Sandbox.get_info(sandbox.sandbox_id)


def test_the_list_is_paged_to_its_end(e2b: Served) -> None:
    made = [e2b.simulator.create().id for _ in range(8)]
    assert sorted(_all()) == sorted(made)
    assert sorted(_all(state=[SandboxState.RUNNING])) == sorted(made)
    assert _all(state=[SandboxState.PAUSED]) == []


@pytest.mark.parametrize(
    "metadata",
    [{"k y": "v/1&x"}, {"a=b&c": "d=e&f"}, {"ünïcode": "日本語"}, {"percent": "100%25", "plus": "a+b c"}, {"q": '"\\'}],
)
def test_awkward_metadata_is_found(e2b: Served, metadata: dict[str, str]) -> None:
    wanted = Sandbox.create("base", metadata={**metadata, "also": "this"})
    e2b.simulator.create(metadata=dict.fromkeys(metadata, "something else"))
    assert _all(metadata=metadata) == [wanted.sandbox_id]
    assert Sandbox.get_info(wanted.sandbox_id).metadata == {**metadata, "also": "this"}


def test_template_and_start_narrow_the_list(e2b: Served) -> None:
    e2b.simulator.create("base")
    e2b.simulator.advance(60)
    wanted = e2b.simulator.create("desktop").id
    assert _all(template="desktop") == [wanted]
    after = datetime.fromtimestamp(e2b.simulator.now() - 30, UTC)
    assert _all(started_after=after) == [wanted]


def test_metrics_are_read(e2b: Served) -> None:
    sandbox = Sandbox.create("swe-agent")
    now = datetime.fromtimestamp(e2b.simulator.advance(120), UTC)
    metrics = Sandbox.get_metrics(sandbox.sandbox_id, start=now - timedelta(minutes=5), end=now)
    assert len(metrics) == 24
    assert {(metric.cpu_count, metric.mem_total) for metric in metrics} == {(4, 4096 * 1024 * 1024)}
    assert Sandbox.get_metrics(sandbox.sandbox_id) == metrics


def test_a_timeout_moves_the_end(e2b: Served) -> None:
    sandbox = Sandbox.create("base", timeout=60)
    Sandbox.set_timeout(sandbox.sandbox_id, 1200)
    end = Sandbox.get_info(sandbox.sandbox_id).end_at.timestamp()
    assert end == pytest.approx(e2b.simulator.now() + 1200, abs=0.01)
    with pytest.raises(SandboxException, match="Timeout cannot be greater"):
        Sandbox.set_timeout(sandbox.sandbox_id, 90_000)


def test_pause_and_connect(e2b: Served) -> None:
    sandbox = Sandbox.create("base")
    assert Sandbox.pause(sandbox.sandbox_id) is True
    assert Sandbox.pause(sandbox.sandbox_id) is False
    assert Sandbox.get_info(sandbox.sandbox_id).state == SandboxState.PAUSED
    connected = Sandbox.connect(sandbox.sandbox_id, timeout=900)
    assert connected.sandbox_id == sandbox.sandbox_id
    info = Sandbox.get_info(sandbox.sandbox_id)
    assert info.state == SandboxState.RUNNING
    assert info.end_at.timestamp() == pytest.approx(e2b.simulator.now() + 900, abs=0.01)


def test_template_exists_by_alias_and_id(e2b: Served) -> None:
    assert Template.exists("base") is True
    assert Template.exists(e2b.simulator.templates[0].id) is True
    assert Template.exists("nothing-of-the-kind") is False


def _snapshots(**query: Any) -> list[str]:
    pages, found = Sandbox.list_snapshots(limit=1, **query), []
    while pages.has_next:
        found += [snapshot.snapshot_id for snapshot in pages.next_items()]
    return found


def test_snapshot_from_its_making_to_its_deletion(e2b: Served) -> None:
    sandbox = Sandbox.create("desktop")
    unnamed, named = sandbox.create_snapshot(), sandbox.create_snapshot(name="golden:v2")
    assert (unnamed.names, named.names) == ([], ["simulated/golden:v2"])
    assert named.snapshot_id == "simulated/golden:v2"
    assert _snapshots() == [unnamed.snapshot_id, named.snapshot_id]
    assert _snapshots(name="golden") == [named.snapshot_id]
    assert _snapshots(sandbox_id="iunknown") == []
    started = Sandbox.create(named.snapshot_id)
    assert (started.get_info().cpu_count, started.get_info().memory_mb) == (4, 8192)
    with pytest.raises(SandboxException, match="there are sandboxes using it"):
        Sandbox.delete_snapshot(named.snapshot_id)
    started.kill()
    assert Sandbox.delete_snapshot(named.snapshot_id) is True
    assert Sandbox.delete_snapshot(named.snapshot_id) is False
    assert _snapshots() == [unnamed.snapshot_id]
    told = e2b.simulator.journal.page(sandbox.sandbox_id, (), oldest_first=True, offset=0, limit=9)
    assert [event.kind for event in told] == ["created", "checkpointed", "checkpointed"]


def test_second_capture_under_a_name_replaces_the_first() -> None:
    Sandbox.create("base").create_snapshot(name="golden:v1")
    Sandbox.create("desktop").create_snapshot(name="golden:v2")
    assert _snapshots() == ["simulated/golden:v2"]
    assert Sandbox.create("golden").get_info().memory_mb == 8192


def test_snapshot_of_a_paused_sandbox_is_refused() -> None:
    sandbox = Sandbox.create("base")
    sandbox.pause()
    with pytest.raises(SandboxException, match="409"):
        sandbox.create_snapshot()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Volume.list(),  # noqa: PLW0108 - a class method of two faces
        lambda: Volume.create("v"),
        lambda: Volume.destroy("v"),
        lambda: Secret.list().next_items(),
        lambda: Template.get_tags("base"),
        lambda: Template.assign_tags("base:default", ["v1"]),
        lambda: Template.remove_tags("base", ["v1"]),
        lambda: Sandbox.create("desktop").create_snapshot(name="base"),
        lambda: Sandbox.delete_snapshot("base"),
    ],
)
def test_what_is_not_simulated_says_so(ask: Callable[[], object]) -> None:
    with pytest.raises(Exception, match="501: the simulator does not simulate"):
        ask()


def test_commands_and_files_never_go_to_the_real_domain(api: httpx.Client) -> None:
    made = Sandbox.create("base")
    for one in (made, Sandbox.connect(made.sandbox_id), *made.fork(count=1)):
        assert isinstance(one, Sandbox)
        assert one.get_host(80) == f"80-{one.sandbox_id}.simulator.invalid"
        assert one.envd_api_url == f"https://49983-{one.sandbox_id}.simulator.invalid"
        assert one.download_url("/etc/hostname").startswith(f"{one.envd_api_url}/")
    assert api.get(f"/sandboxes/{made.sandbox_id}").json()["domain"] == "simulator.invalid"
    made.pause()
    assert api.get(f"/sandboxes/{made.sandbox_id}").json()["domain"] is None  # as at E2B
    assert Sandbox.connect(made.sandbox_id).sandbox_domain == "simulator.invalid"


def test_a_wrong_key_is_an_authentication_error() -> None:
    with pytest.raises(AuthenticationException):
        Sandbox.get_info("iunknown", api_key="e2b_" + "f" * 40)


def test_the_sdk_tries_four_times_before_it_gives_up(e2b: Served) -> None:
    fault = e2b.simulator.faults.add(Fault(429, retry_after="0", times=4))
    with pytest.raises(RateLimitException):
        Sandbox.get_info("iunknown")
    assert fault.times == 0


@pytest.fixture
def full(clock: ManualClock) -> Iterator[Served]:
    with served(empty(cap=1), clock) as running:
        running.simulator.create()
        yield running


def test_beyond_the_cap_a_create_is_refused(full: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2B_API_URL", full.url)
    with pytest.raises(RateLimitException, match="concurrent"):
        Sandbox.create("base")
