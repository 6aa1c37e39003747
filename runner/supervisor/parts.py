"""How each process is run: the web, the work beside it, the simulator, and the two servers."""

import asyncio
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from runner.embedded import Server
from runner.embedded.postgres import RETURNING
from runner.supervisor.child import Part
from runner.supervisor.choices import ROOT, Choices, for_servers
from runner.supervisor.simulated import SimulatorAddress

GO_WITH_US = ("setpriv", "--pdeathsig", "KILL")  # the kernel ends them with us, were we killed without a word
OF_NO_CONCERN = "Memory overcommit must be enabled"  # for those who let Redis write to disk, which we don't
SUPERUSER = ("-W", "ignore:You're running the worker with superuser")
STATIC = ("-W", "ignore:StreamingHttpResponse must consume")  # WhiteNoise reads its small local files at once
# Threads of one process share two heaps and give memory back; numpy starts no threads of its own.
SPARING = {**RETURNING, "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
PYTHON = (*GO_WITH_US, sys.executable, *SUPERUSER, *STATIC, "-m")


def server(running: Server) -> Part:
    """An embedded server; it sees nothing of our environment."""

    async def prepare() -> None:
        await asyncio.to_thread(running.prepare)

    return Part(
        running.name, running.command(), for_servers(), Path("/"), running.stop_signal, prepare, hush=OF_NO_CONCERN
    )


def web(choices: Choices, environment: Mapping[str, str]) -> Part:  # noqa: ARG001 - each part is made alike
    """The pages, REST, sockets and the webhook receiver."""
    return _roles("web", ("web",), environment)


def work(choices: Choices, environment: Mapping[str, str]) -> list[Part]:
    """All that isn't the web: one process for it, or with `choices.workers` the roles apart and so many workers."""
    if choices.workers is None:
        return [_roles("work", ("work", "acts", "notify", "beat"), environment)]
    return [
        worker(choices.workers, environment),
        _roles("acts", ("acts", "notify"), environment),
        _roles("beat", ("beat",), environment),
    ]


def worker(processes: int, environment: Mapping[str, str]) -> Part:
    """Celery's worker for polling, judging and rolling up: processes, since these need the processor."""
    queue = ("--queues", "sandwarden", "--hostname", "sandwarden@%h")
    size = ("--pool", "prefork", "--concurrency", str(processes))
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # no other machine: no talk among workers
    command = (*PYTHON, "celery", "--quiet", "--skip-checks", "-A", "config", "worker", *queue, *size, *alone)
    return Part("worker", command, environment, ROOT)


def _roles(name: str, roles: tuple[str, ...], environment: Mapping[str, str]) -> Part:
    return Part(name, (*PYTHON, "config.roles", *roles), {**SPARING, **environment}, ROOT)


def simulator(choices: Choices, address: SimulatorAddress) -> Part:
    """The stand-in for E2B, which sends its webhooks to us; it must not take the machine from what is real."""
    fleet = ("--seed", str(secrets.randbits(31)))  # another fleet each time: the former one is set aside by bootstrap
    hook = ("--webhook-url", f"{choices.address}/webhooks/e2b/demo/")
    command = ("nice", *PYTHON, "simulator", "--port", str(address.port), *fleet, *hook)
    return Part("simulator", command, {**for_servers(), **address.variables}, ROOT)


def django(
    name: str, arguments: tuple[str, ...], environment: Mapping[str, str], hear: Callable[[str], None] | None
) -> Part:
    """One of manage.py's commands; Django's checks of our own code are for the tests, not for each start."""
    command = (*GO_WITH_US, sys.executable, str(ROOT / "manage.py"), *arguments, "--skip-checks")
    return Part(name, command, environment, ROOT, hear=hear)
