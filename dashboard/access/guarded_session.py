"""A session of `requests` whose connections lead nowhere forbidden, as `sandboxes/base/outbound.py` has it."""

import ipaddress
import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from sandboxes.base.outbound import is_forbidden


def guarded(session: requests.Session) -> requests.Session:
    """The same session; a call to a forbidden address raises requests.ConnectionError, with nothing sent."""
    adapter = _Adapter()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _Checked:
    """Looks at the address that it is connected to, so that neither a name nor another spelling leads around it."""

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        address = str(made.getpeername()[0]).split("%", maxsplit=1)[0]
        if is_forbidden(ipaddress.ip_address(address)):
            made.close()
            raise NewConnectionError(self, f"{address} is where nothing is ever sent")  # type: ignore[arg-type]
        return made


class _Http(_Checked, HTTPConnection):
    """A connection of urllib3's that looks."""


class _Https(_Checked, HTTPSConnection):
    """The same over TLS: what it is connected to is known before any handshake."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
