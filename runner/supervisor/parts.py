"""How each process is run: the web, the workers, the clock, the simulator, and the two servers."""

import asyncio
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from runner.embedded import Server
from runner.supervisor.child import Part
from runner.supervisor.choices import ROOT, Choices, for_servers
from runner.supervisor.simulated import SimulatorAddress

GO_WITH_US = ("setpriv", "--pdeathsig", "KILL")  # the kernel ends them with us, were we killed without a word
OF_NO_CONCERN = "Memory overcommit must be enabled"  # for those who let Redis write to disk, which we don't
SUPERUSER = ("-W", "ignore:You're running the worker with superuser")
STATIC = ("-W", "ignore:StreamingHttpResponse must consume")  # WhiteNoise reads its small local files at once
MOST_MESSAGE_BYTES = 256 * 1024  # over a WebSocket: a page says which rows it shows
OUTBOUND_THREADS = 16  # each waits for a backend; an account's rounds have a lock each, so one that hangs takes six
PYTHON = (*GO_WITH_US, sys.executable, *SUPERUSER, *STATIC, "-m")


def server(running: Server) -> Part:
    """An embedded server; it sees nothing of our environment."""

    async def prepare() -> None:
        await asyncio.to_thread(running.prepare)

    return Part(
        running.name, running.command(), for_servers(), Path("/"), running.stop_signal, prepare, hush=OF_NO_CONCERN
    )


def web(choices: Choices, environment: Mapping[str, str]) -> Part:
    """The pages, REST, sockets and the webhook receiver."""
    protocols = ("--http", "config.listener:BoundedProtocol", "--ws", "websockets-sansio")
    messages = ("--ws-max-size", str(MOST_MESSAGE_BYTES))
    loops = ("--loop", "uvloop", *protocols, *messages, "--lifespan", "on")
    quiet = ("--no-access-log", "--log-level", "warning", "--no-server-header", "--timeout-graceful-shutdown", "3")
    doubting = ("--no-proxy-headers",)  # which forwarded headers count is ours to say: TRUSTED_PROXIES
    where = ("--host", choices.host, "--port", str(choices.port))
    options = (*where, *loops, *quiet, *doubting)
    return Part("web", (*PYTHON, "uvicorn", "config.asgi:application", *options), environment, ROOT)


def worker(choices: Choices, environment: Mapping[str, str]) -> Part:
    """Celery's worker for polling, judging and rolling up: processes, since these need the processor."""
    size = ("--pool", "prefork", "--concurrency", str(choices.workers))
    return Part("worker", _celery_worker("sandwarden", *size), environment, ROOT)


def outbound(_: Choices, environment: Mapping[str, str]) -> Part:
    """Celery's worker for what mostly waits for backends (sync, reconcile, acts …): threads of one process."""
    size = ("--pool", "threads", "--concurrency", str(OUTBOUND_THREADS))
    return Part("outbound", _celery_worker("sandwarden-outbound", *size), environment, ROOT)


def _celery_worker(queue: str, *size: str) -> tuple[str, ...]:
    """On this machine alone, so the talk among workers is off."""
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    named = ("--queues", queue, "--hostname", f"{queue}@%h")
    return (*PYTHON, "celery", "--quiet", "-A", "config", "worker", *named, *size, *alone)


def beat(_: Choices, environment: Mapping[str, str]) -> Part:
    """Celery's clock; it keeps nothing on disk (config/beat.py)."""
    command = (*PYTHON, "celery", "--quiet", "-A", "config", "beat", "--pidfile", "")
    return Part("beat", command, environment, ROOT)


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
