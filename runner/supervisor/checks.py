"""What is looked at before anything starts, each trouble told in one sentence with its way out."""

import errno
import os
import shutil
import socket
from pathlib import Path

from runner.embedded import StartError

LEAST_FREE_BYTES = 200 * 1024 * 1024


def port(host: str, number: int) -> None:
    """Raises StartError unless we could listen there."""
    if not 0 < number < 65536:
        raise StartError(f"PORT={number} is no port: choose one from 1 to 65535")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        raise StartError(f"HOST={host} is no address that this machine knows") from None
    except OSError as trouble:
        raise StartError(_port_trouble(host, number, trouble.errno)) from None


def _port_trouble(host: str, number: int, code: int | None) -> str:
    if code == errno.EADDRINUSE:
        other = number + 1 if number < 65535 else 8000
        return f"Port {number} is in use by another program: choose another one, as in `PORT={other} make run`"
    if code == errno.EACCES:
        return f"Port {number} is for root alone: choose one above 1023, as in `PORT=8000 make run`"
    if code == errno.EADDRNOTAVAIL:
        return f"HOST={host} is not an address of this machine: leave it away, or try HOST=0.0.0.0 for all"
    return f"Can't listen on {host}:{number}: {os.strerror(code or 0)}"


def data_dir(home: Path) -> None:
    """Creates it for us alone when missing. Raises StartError when it can't be written or its disk is nearly full."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".write-test.{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(home).free
    except OSError as trouble:
        if trouble.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StartError(_full(home, 0)) from None
        raise StartError(
            f"Can't write in {home} ({os.strerror(trouble.errno or 0)}): make it yours, or choose another DATA_DIR"
        ) from None
    if free < LEAST_FREE_BYTES:
        raise StartError(_full(home, free))


def _full(home: Path, free: int) -> str:
    return (
        f"The disk of {home} is nearly full: {free >> 20} MB are left and Sandwarden starts from "
        f"{LEAST_FREE_BYTES >> 20} MB. Make room, or choose another DATA_DIR"
    )
