"""`python -m runner.supervisor`, which is what `make run` runs."""

import asyncio
import signal
import sys

from runner.embedded import DataLock, StartError
from runner.supervisor import checks, stale_processes
from runner.supervisor.choices import Choices, read
from runner.supervisor.console import Console
from runner.supervisor.run import Stack


def main() -> int:
    """0 after a stop that was asked for, 1 with one sentence when it could not start."""
    console = Console()
    try:
        choices = read()
        checks.data_dir(choices.home)
        with DataLock(choices.home):
            for name in stale_processes.end_all(choices.home):
                console.line(name, "was left over from an earlier run and has been stopped")
            checks.port(choices.host, choices.port)
            asyncio.run(run(choices, console))
    except StartError as refusal:
        print(f"\nSandwarden can't start. {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before there was anything to stop
        return 130
    return 0


async def run(choices: Choices, console: Console) -> None:
    """Until a signal says so; a second signal is impatience."""
    stack, stop = Stack(choices, console), asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            stack.kill()
        else:
            console.say("\nStopping …")
            stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    opening, asked = asyncio.create_task(stack.open()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((opening, asked), return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            opening.result()
        await asked
    finally:
        stop.set()
        opening.cancel()
        asked.cancel()
        await asyncio.gather(opening, asked, return_exceptions=True)
        await stack.close()
        console.say("Stopped.")


if __name__ == "__main__":
    sys.exit(main())
