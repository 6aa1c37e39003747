"""One process under watch: started, its lines shown, started again when it dies, stopped when we say so."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.supervisor import stale_processes
from runner.supervisor.console import Console

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0  # up for so long, it is forgiven its earlier deaths
LONGEST_LINE = 65536


async def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True)
class Part:
    """How to run one process, and how to ask it to end."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    prepare: Callable[[], Awaitable[None]] = nothing
    hear: Callable[[str], None] | None = None  # takes each line of output instead of the console
    hush: str = ""  # lines with these words are not shown


@dataclass
class Child:
    """A Part while it runs. `start` once, `watch` for as long as it should live, `stop` at the end."""

    part: Part
    home: Path
    console: Console
    process: asyncio.subprocess.Process | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _pump: asyncio.Task[None] | None = None
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)  # a stop waits for a start that is under way

    @property
    def pid(self) -> int:
        """Its process number; 0 before the first start."""
        return self.process.pid if self.process else 0

    async def start(self) -> None:
        """Prepares and starts it, in a session of its own so that a Ctrl-C in the terminal is ours alone to answer."""
        async with self._changing:
            if not self.stopping.is_set():
                await self.part.prepare()
                await self._launch()

    async def _launch(self) -> None:
        reading, writing = os.pipe()
        try:
            self.process = await asyncio.create_subprocess_exec(
                *self.part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                cwd=self.part.folder,
                env={**self.part.environment, stale_processes.MARK: str(self.home)},
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        stale_processes.remember(self.home, self.part.name, self.process.pid)
        self._pump = asyncio.create_task(self._show(reading))

    async def watch(self) -> None:
        """Starts it again whenever it dies, after 1, 2, 4 … 30 s; returns once it is being stopped."""
        pause = FIRST_PAUSE_SECONDS
        while not self.stopping.is_set():
            began = time.monotonic()
            code = await self.wait()
            self._end_session()
            if self.stopping.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self.console.line(self.part.name, f"{_how_it_ended(code)}; starting it again in {pause:.0f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
                return
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            await self._start_again()

    async def wait(self) -> int:
        """Its exit code, negative for a signal's number."""
        return await self.process.wait() if self.process else 0

    async def finish(self) -> int:
        """For a command that ends by itself: its exit code, once all it said has been shown."""
        code = await self.wait()
        self._end_session()
        if self._pump is not None:
            await self._pump
        stale_processes.forget(self.home, self.part.name)
        return code

    async def stop(self, seconds: float) -> None:
        """Asks it to end, kills it and its children when it has not after `seconds`."""
        self.stopping.set()
        async with self._changing:
            await self._stop(seconds)

    async def _stop(self, seconds: float) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.part.stop_signal)
            try:
                await asyncio.wait_for(self.wait(), seconds)
            except TimeoutError:
                self.console.line(self.part.name, f"did not stop within {seconds:.0f} s, killed")
        self._end_session()
        await self.wait()
        stale_processes.forget(self.home, self.part.name)

    def kill(self) -> None:
        """At once, with all its children."""
        self.stopping.set()
        self._end_session()

    async def _start_again(self) -> None:
        try:
            await self.start()
        except Exception as trouble:  # noqa: BLE001 - told, and tried again after the next, longer pause
            self.console.line(self.part.name, f"could not be started: {trouble}")

    def _end_session(self) -> None:
        """Children that outlive their parent would hold connections and take tasks: they go with it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    async def _show(self, reading: int) -> None:
        stream = asyncio.StreamReader(limit=LONGEST_LINE)
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(stream), pipe
            )
            rest = b""
            while chunk := await stream.read(LONGEST_LINE):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._tell(line)
            if rest:
                self._tell(rest)
            transport.close()

    def _tell(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if self.part.hear is not None:
            self.part.hear(text)
        elif text and not (self.part.hush and self.part.hush in text):
            self.console.line(self.part.name, text)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
