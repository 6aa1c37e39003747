"""`python -m runner.embedded run [--data DIR] -- COMMAND`: one command with PostgreSQL and Redis at hand."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runner.embedded import DataLock, Postgres, Redis, StartError, addresses, both


def main() -> int:
    """The command's exit code; 2 with one sentence when the servers can't be had."""
    parser = argparse.ArgumentParser(prog="python -m runner.embedded", description=__doc__)
    verb = parser.add_subparsers(dest="verb", required=True)
    run = verb.add_parser("run", help="run a command with both servers, then stop them; joins a running Sandwarden")
    run.add_argument("--data", type=Path, default=Path(os.environ.get("DATA_DIR") or "var"), help="data folder")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    asked = parser.parse_args()
    command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
    if not command:
        parser.error("no command: write it after --")
    home = asked.data.resolve()
    try:
        with _servers(home) as variables:
            return _run(command, {**os.environ, **variables, "DATA_DIR": str(home)})
    except StartError as refusal:
        print(refusal, file=sys.stderr)
        return 2


@contextmanager
def _servers(home: Path) -> Iterator[Mapping[str, str]]:
    """Our own servers, or those of the Sandwarden that already runs on this folder."""
    postgres, redis = Postgres(home), Redis(home)
    try:
        with DataLock(home):
            running = False
    except StartError:
        running = postgres.query("SELECT 1") is not None
    if running:
        yield addresses(postgres.url, redis.url)
        return
    with both(home) as variables:
        yield variables


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    """Runs it in the foreground; Ctrl-C is the command's own to answer, and we wait for it."""
    with subprocess.Popen(command, env=environment) as process:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
