"""Where the simulator listens and what it is spoken to with: chosen once and kept, so that its account stays valid."""

import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec

from runner.supervisor.private_files import write_private


class SimulatorAddress(msgspec.Struct, frozen=True):
    """A port on the loopback, the API key it wants, and the secret it signs its webhooks with."""

    port: int
    key: str
    webhook_secret: str

    @property
    def variables(self) -> Mapping[str, str]:
        """As Django's settings read it."""
        return {
            "SIMULATOR_URL": f"http://127.0.0.1:{self.port}",
            "SIMULATOR_KEY": self.key,
            "SIMULATOR_WEBHOOK_SECRET": self.webhook_secret,
        }


def address(home: Path) -> SimulatorAddress:
    """The one kept in the data folder, on another port when that is taken by now."""
    file = home / "run" / "simulator.json"
    kept = msgspec.json.decode(file.read_bytes(), type=SimulatorAddress) if file.exists() else None
    if kept is not None and _free(kept.port):
        return kept
    fresh = SimulatorAddress(
        port=_any_free(),
        key=kept.key if kept else f"e2b_{secrets.token_hex(20)}",
        webhook_secret=kept.webhook_secret if kept else secrets.token_urlsafe(32),
    )
    write_private(file, msgspec.json.encode(fresh))
    return fresh


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
