"""The order of things: what starts after what, who watches whom, and what stops first."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runner import assets, env
from runner.embedded import Postgres, Redis, Server, StartError, addresses
from runner.supervisor import build_stamps, growth, parts, ready, simulated
from runner.supervisor.child import Child, Part
from runner.supervisor.choices import Choices, for_bootstrap, for_django, secret_key
from runner.supervisor.console import Console

APPLIED = r"""
SELECT to_regclass('django_migrations') IS NOT NULL AS migrated \gset
\if :migrated
SELECT app, name FROM django_migrations ORDER BY 1, 2;
\endif
"""
STOP_SECONDS = {
    "web": 4.0,
    "work": 5.0,
    "worker": 5.0,
    "acts": 5.0,
    "beat": 3.0,
    "simulator": 1.0,
    "redis": 1.0,
    "postgres": 3.0,
}
STOP_ORDER = (("web", "work", "worker", "acts", "beat"), ("simulator",), ("redis", "postgres"))  # 9 s in the worst case


@dataclass
class Stack:
    """All processes of one Sandwarden. `open` once, then `close`, whatever happened in between."""

    choices: Choices
    console: Console
    children: dict[str, Child] = field(default_factory=dict)
    watches: list[asyncio.Task[None]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)  # told by bootstrap, not yet by us
    began: float = field(default_factory=time.monotonic)

    async def open(self) -> None:
        """Starts everything and prints where it is. Raises StartError when a part does not come up."""
        address = simulated.address(self.choices.home) if self.choices.simulated else None
        if address is not None:
            await self._start(parts.simulator(self.choices, address))
        postgres, redis = await self._servers()
        urls = addresses(postgres, redis)
        shared = {**urls, **(address.variables if address else {}), **self._identity()}
        await self._furnish(shared)
        self._tell_where()

    async def close(self) -> None:
        """Stops all, those that use a server before the server; what does not go in time is killed."""
        self._tell_passwords()  # a start that failed after they were made must not lose them
        others = [name for name in self.children if name not in STOP_SECONDS]
        for names in ((*others, *STOP_ORDER[0]), *STOP_ORDER[1:]):
            going = [self.children[name] for name in names if name in self.children]
            await asyncio.gather(*(child.stop(STOP_SECONDS.get(child.part.name, 2.0)) for child in going))
        for watch in self.watches:
            watch.cancel()
        await asyncio.gather(*self.watches, return_exceptions=True)

    def kill(self) -> None:
        """Everything at once, for whoever can't wait; PostgreSQL repairs itself at the next start."""
        for child in self.children.values():
            child.kill()

    async def _servers(self) -> tuple[str, str]:
        """The embedded servers that no URL replaces; gives DATABASE_URL and REDIS_URL."""
        postgres, redis = Postgres(self.choices.home), Redis(self.choices.home)
        embedded: list[Server] = []
        if not self.choices.database_url:
            embedded.append(postgres)
        if not self.choices.redis_url:
            embedded.append(redis)
        await asyncio.gather(*map(self._start_server, embedded))
        return self.choices.database_url or postgres.url, self.choices.redis_url or redis.url

    async def _start_server(self, server: Server) -> None:
        part = await asyncio.to_thread(parts.server, server)

        async def answers() -> bool:
            return server.answers(self.children[part.name].pid)

        await self._start(part, answers)

    async def _furnish(self, shared: Mapping[str, str]) -> None:
        """Database, static files, then our own processes."""
        lasting = for_django(shared)
        current = await self._is_migrated()
        await asyncio.gather(self._static_files(lasting), *([] if current else [self._migrate(lasting)]))
        if current:  # little is left for bootstrap to change: the pages need not wait for it
            await self._web(lasting)
            await self._bootstrap(shared)
        else:
            await self._bootstrap(shared)
            await self._web(lasting)
        for part in parts.work(self.choices, lasting):
            await self._start(part)
        if self.choices.workers is None:
            self.watches.append(asyncio.create_task(self._grow(lasting)))

    async def _grow(self, environment: Mapping[str, str]) -> None:
        """Workers of their own for a fleet that has become large."""
        running = await growth.until_large(self.choices.home)
        self.console.line("work", f"{running} sandboxes run: {growth.WORKERS} workers are started beside")
        await self._start(parts.worker(growth.WORKERS, environment))

    async def _bootstrap(self, shared: Mapping[str, str]) -> None:
        await self._command("bootstrap", ("bootstrap",), for_bootstrap(shared), self._hear_bootstrap)

    async def _web(self, environment: Mapping[str, str]) -> None:
        async def answers() -> bool:
            return await ready.web_answers(self.choices.local_host, self.choices.port)

        await self._start(parts.web(self.choices, environment), answers)

    async def _is_migrated(self) -> bool:
        """Only our own database is remembered; one given by URL is migrated (which looks first) at every start."""
        if self.choices.database_url:
            return False
        return build_stamps.holds(self.choices.home, "migrated", build_stamps.migrations(await self._applied()))

    async def _migrate(self, environment: Mapping[str, str]) -> None:
        owner = self.choices.migration_database_url
        as_owner = {**environment, "DATABASE_URL": owner} if owner else environment
        await self._command("migrate", ("migrate", "--noinput", "--verbosity", "0"), as_owner)
        if owner:
            role = str(env.database(self.choices.database_url)["USER"])
            await self._command("migrate", ("protect_audit", role), as_owner)
        if not self.choices.database_url:
            build_stamps.put(self.choices.home, "migrated", build_stamps.migrations(await self._applied()))

    async def _applied(self) -> str:
        return await asyncio.to_thread(Postgres(self.choices.home).query, APPLIED) or ""

    async def _static_files(self, environment: Mapping[str, str]) -> None:
        home, wanted = self.choices.home, await asyncio.to_thread(build_stamps.static_files)
        if build_stamps.holds(home, "static", wanted) and (home / "static" / "staticfiles.json").exists():
            return
        try:
            await asyncio.to_thread(assets.install, home)
        except FileNotFoundError as missing:
            raise StartError(
                f"{missing.filename or missing} is missing: start with `make run`, which fetches it"
            ) from None
        await self._command("static", ("collectstatic", "--noinput", "--clear", "--verbosity", "0"), environment)
        build_stamps.put(home, "static", wanted)

    async def _command(
        self,
        name: str,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        hear: Callable[[str], None] | None = None,
    ) -> None:
        child = Child(parts.django(name, arguments, environment, hear), self.choices.home, self.console)
        self.children[name] = child
        await child.start()
        code = await child.finish()
        del self.children[name]
        if code:
            raise StartError(f"`manage.py {arguments[0]}` failed: its lines above say why")

    async def _start(self, part: Part, is_ready: ready.Check | None = None) -> None:
        child = Child(part, self.choices.home, self.console)
        self.children[part.name] = child
        await child.start()
        if is_ready is not None:
            await ready.until(child, is_ready)
        self.watches.append(asyncio.create_task(child.watch()))

    def _hear_bootstrap(self, line: str) -> None:
        if "password:" in line:
            self.passwords.append(line)  # shown at the end, where it does not scroll away
        else:
            self.console.line("bootstrap", line)

    def _tell_passwords(self) -> None:
        while self.passwords:
            line = self.passwords.pop(0)
            self.console.say(f"  {line}" if "SANDWARDEN_ADMIN_PASSWORD" in line else f"  {line}  (shown only now)")

    def _identity(self) -> Mapping[str, str]:
        chosen = self.choices
        return {
            "DATA_DIR": str(chosen.home),
            "HOST": chosen.host,
            "PORT": str(chosen.port),
            "SECRET_KEY": secret_key(chosen.home),
            "PYTHONUNBUFFERED": "1",
        }

    def _tell_where(self) -> None:
        say = self.console.say
        say("")
        took = time.monotonic() - self.began
        say(f"  Sandwarden is at {self.choices.address} (started in {took:.1f} s; Ctrl-C stops it)")
        self._tell_passwords()
        if self.choices.simulated:
            say("  The fleet is simulated. To watch your own: E2B_API_KEY=… make run")
        say("")
