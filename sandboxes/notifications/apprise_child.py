"""`python -m sandboxes.notifications.apprise_child`: one message by apprise, asked and answered in JSON.

An audit hook of Python's sees each connection at its address, whoever opens it, and each program that would be started:
it raises, and the connection or program is not made.
"""

import ipaddress
import json
import logging
import os
import sys
from typing import Any, Final

from sandboxes.base import outbound

STARTS_PROGRAMS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
_refused: list[str] = []


class Refused(OSError):
    """A connection or program that is not allowed here."""


def main() -> None:
    """Reads `{"url","private","send","title","body"}`, writes `{"state": "sent"|"failed"|"refused","error"}`."""
    asked = json.load(sys.stdin)
    answer, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115, PTH123 - the answer alone is written there
    json.dump(_answer(asked), answer)


def _answer(asked: dict[str, Any]) -> dict[str, str]:
    import requests.sessions  # noqa: PLC0415 - before the hook: libraries look at the machine when they are loaded
    from apprise import Apprise, NotifyFormat  # noqa: PLC0415

    requests.sessions.DEFAULT_REDIRECT_LIMIT = 0  # type: ignore[attr-defined]
    log = _Words()
    logging.getLogger("apprise").addHandler(log)
    sender = Apprise()
    if not sender.add(asked["url"]):
        return {"state": "refused", "error": "apprise can't read this address"}
    if not asked["send"]:
        return {"state": "sent", "error": ""}
    sys.addaudithook(_hook(private=bool(asked["private"])))
    sent = sender.notify(body=asked["body"], title=asked["title"], body_format=NotifyFormat.MARKDOWN)
    if sent:
        return {"state": "sent", "error": ""}
    if _refused:
        return {"state": "refused", "error": _refused[0]}
    return {"state": "failed", "error": "; ".join(dict.fromkeys(log.said))[:400]}


def _hook(*, private: bool) -> Any:
    def watch(event: str, given: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            why = _why_not(given[1], private=private)
        elif event in STARTS_PROGRAMS:
            why = f"{event}: nothing is started here"
        else:
            return
        if why:
            _refused.append(why)
            raise Refused(why)

    return watch


def _why_not(address: Any, *, private: bool) -> str:
    if not isinstance(address, tuple):
        return f"{address!r}: a socket of this machine is not connected to"
    try:
        number = ipaddress.ip_address(str(address[0]).split("%", maxsplit=1)[0])
    except ValueError:
        return f"{address[0]} can't be checked"
    why = outbound.why_not(number, private=private)
    return f"it leads to {number}, {why}" if why else ""


class _Words(logging.Handler):
    """What apprise warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


if __name__ == "__main__":
    main()
