"""`python -m simulator`: a simulated E2B on a port, with a line on standard output when it is ready."""

import argparse
import os
import socket
import sys
from contextlib import suppress

import msgspec
import uvicorn

from simulator.app import create
from simulator.options import Options
from simulator.served import config

_HELP = {
    "sandboxes": "size the fleet keeps near, running and paused together",
    "births_per_minute": "how many sandboxes are created a minute; deaths balance them (0: nothing is born or dies)",
    "seed": "the same seed and clock give the same fleet",
    "past_hours": "length of the past the fleet starts with (shorter for very busy fleets)",
    "api_key": "the key clients must send as X-API-Key",
    "base_path": "path the API lives under, like /e2b/api",
    "domain": "where clients are told to send commands and files, which are not simulated",
    "cap": "most concurrent sandboxes before a create is refused with 429 (0: no limit)",
    "max_run_seconds": "longest run the plan allows",
    "rate_limit": "requests per route and window before 429",
    "rate_window_seconds": "length of that window",
    "pause_seconds_per_gib": "how long a pause takes per GiB of memory (E2B: about 4)",
    "webhook_url": "register this webhook at the start, for all events",
    "webhook_secret": "signature secret of that webhook",
    "duplicate_share": "share of webhook deliveries sent twice",
    "late_share": "share of webhook deliveries sent late, so out of order",
    "faults": "what goes wrong how often, like 503:0.01,429:0.01,slow:0.05,html:0.01,drop:0.1",
    "request_log": "append a line for each request to this file: Unix seconds, method, path, status",
}

# Everybody on the machine can read a command line: these can also come by the environment.
_SECRETS = {"api_key": "SIMULATOR_KEY", "webhook_secret": "SIMULATOR_WEBHOOK_SECRET"}


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted. Exit code 2 when the port cannot be had or an option makes no sense."""
    chosen = _parser().parse_args(arguments)
    options = msgspec.convert({name: getattr(chosen, name) for name in _HELP}, Options)
    try:
        app = create(options)
        listener = _listen(chosen.host, chosen.port)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"simulator: cannot start on {chosen.host}:{chosen.port}: {error}\n")
        return 2
    _tell_ready(
        chosen.ready_fd,
        f"http://{chosen.host}:{listener.getsockname()[1]}{options.base_path}",
        len(app.simulator.fleet),
    )
    # uvicorn shuts down in good order first and raises the interrupt again afterwards.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config(app)).run(sockets=[listener])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ready-fd", type=int, default=1, help="file descriptor the ready line is written to")
    defaults = Options()
    for name, text in _HELP.items():
        default = os.environ.get(_SECRETS.get(name, ""), getattr(defaults, name))
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=text)
    return parser


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _tell_ready(descriptor: int, url: str, sandboxes: int) -> None:
    line = f"simulator ready on {url} with {sandboxes} sandboxes\n"
    os.write(descriptor, line.encode())


if __name__ == "__main__":
    sys.exit(main())
