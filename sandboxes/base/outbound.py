"""Where we never connect to, whatever a person has set: a cloud's metadata service, link-local and multicast addresses.

Loopback and private networks stay reachable, unless the caller says otherwise: self-hosted backends and applications
live there. The address is checked that is connected to, so that neither a name nor another spelling leads around it.
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Metadata outside the link-local range: EC2 by IPv6, Alibaba Cloud, Oracle Cloud.
_METADATA: Final = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
LEAST_SECONDS: Final = 1.0  # for one of several addresses, where so much is left


def is_forbidden(address: Address) -> bool:
    """Whether nothing is ever sent to `address`, or to the IPv4 address that it carries."""
    inner = _carried(address)
    return (
        inner in _METADATA
        or bool(inner.is_link_local or inner.is_multicast or inner.is_unspecified)
        or (inner is not address and is_forbidden(inner))
    )


def is_private(address: Address) -> bool:
    """Whether `address`, or the IPv4 address that it carries, is of this machine or of a network that is not public."""
    return not _carried(address).is_global


def why_not(address: Address, *, private: bool = True) -> str:
    """Why nothing may be sent to `address`, after its name; empty where it may. `private`: private networks may."""
    if is_forbidden(address):
        return "where nothing is ever sent"
    if not private and is_private(address):
        return "which is a private address"
    return ""


def wrong_with(url: str) -> str:
    """Why a person may not set `url`, as far as it shows without a look-up; empty when nothing is wrong."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "it is no address"
    if "@" in parts.netloc:
        return "an address with a user name or password is not taken: both would be shown to everybody"
    try:
        number = ipaddress.ip_address((parts.hostname or "").split("%", maxsplit=1)[0])
    except ValueError:
        return ""  # a name: it is checked where it is connected to
    if is_forbidden(number):
        return "a link-local address is not asked: a machine's own metadata is there"
    return ""


class Unreachable(httpcore.ConnectError):
    """Nothing is sent to where a name leads, however often it is tried."""


def guard(client: httpx.AsyncClient, *, private: bool = True) -> httpx.AsyncClient:
    """The same client, whose connections lead nowhere forbidden; such a call raises httpx.ConnectError, its cause is
    Unreachable. With `private=False` they lead to no private address either.

    What goes through a proxy of the operator's is the proxy's to judge. Transports of tests are left as they are.
    Raises RuntimeError where httpx keeps its connections elsewhere than we know: nothing is sent unguarded.
    """
    transport = client._transport
    if isinstance(transport, httpx.AsyncHTTPTransport):
        pool: Any = getattr(transport, "_pool", None)
        if not hasattr(pool, "_network_backend"):
            raise RuntimeError(f"httpx {httpx.__version__} can't be kept from forbidden addresses: install 0.28")
        pool._network_backend = _Guarded(pool._network_backend, private=private)
    return client


class _Guarded(httpcore.AsyncNetworkBackend):
    """Resolves, checks every address, and connects to those that were checked: one after another, in one time-out."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, *, private: bool = True) -> None:
        self._backend, self._private = backend, private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        end = None if timeout is None else time.monotonic() + timeout
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        addresses = await addresses_of(host, port, timeout, private=self._private)
        for number, address in enumerate(addresses):
            share = None if end is None else _share(end - time.monotonic(), len(addresses) - number)
            if share is not None and share <= 0:
                raise httpcore.ConnectTimeout(f"{host} has {len(addresses)} addresses, none of which answered in time")
            try:
                return await self._backend.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return await self._backend.connect_unix_socket(*args, **options)

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def _share(left: float, addresses: int) -> float:
    """Seconds for the next of so many addresses, of `left` seconds for all."""
    return min(left, max(left / addresses, LEAST_SECONDS))


async def addresses_of(host: str, port: int, timeout: float | None, *, private: bool = True) -> list[str]:
    """All that `host` leads to. Raises Unreachable when one of them may not be, httpcore.ConnectError for none."""
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"{host} was not found in time") from None
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
    for address in addresses:
        if why := why_not(ipaddress.ip_address(address.split("%", maxsplit=1)[0]), private=private):
            raise Unreachable(f"{host} leads to {address}, {why}")
    return addresses


def _carried(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
