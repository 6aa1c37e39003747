"""No URL that a person sets leads to a metadata service, however it is spelled; loopback and private ones work."""

import ipaddress
import socket
from types import SimpleNamespace

import httpcore
import httpx
import pytest
from django.core.exceptions import ValidationError

from sandboxes.base import outbound
from sandboxes.e2b import E2BClient, E2BError, Timing
from sandboxes.models import Account, OwnerCallback

FORBIDDEN = [
    "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::",
    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "224.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_address_is_forbidden(address):
    assert outbound.is_forbidden(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert "link-local" in outbound.wrong_with(f"http://{host}/x")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.168.1.5", "::1", "fd12::1", "8.8.8.8"])
def test_loopback_private_and_public_ones_are_not(address):
    assert not outbound.is_forbidden(ipaddress.ip_address(address))


def test_user_name_in_an_address_is_refused():
    assert "user name" in outbound.wrong_with("https://user:secret@example.com/")
    assert outbound.wrong_with("https://example.com/") == ""


@pytest.fixture
def names(monkeypatch):
    """What names lead to; everything else is looked up as ever."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def found(host, port, *args, **options):
        return real(known.get(host, host), port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"])
async def test_name_that_leads_there_is_refused_where_it_is_connected_to(names, address):
    names["harmless.example"] = address
    async with outbound.guard(httpx.AsyncClient(trust_env=False)) as client:
        with pytest.raises(httpx.ConnectError, match="nothing is ever sent"):
            await client.get("http://harmless.example/")


async def test_decimal_spelling_is_refused_too():
    async with outbound.guard(httpx.AsyncClient(trust_env=False)) as client:
        with pytest.raises(httpx.ConnectError, match="nothing is ever sent"):
            await client.get("http://2852039166/")


async def test_account_never_reaches_it_and_a_name_of_this_machine_works(names, simulator):
    names["harmless.example"], names["backend.example"] = "169.254.169.254", "127.0.0.1"
    at_once = Timing(uniform=lambda low, _high: low)
    async with E2BClient("http://harmless.example", None, timing=at_once) as client:
        with pytest.raises(E2BError, match="no connection") as refused:
            await client.list_page()
    assert "169.254.169.254, where nothing is ever sent" in str(refused.value.__cause__)
    from simulator import DEFAULT_API_KEY

    here = simulator.url.replace("127.0.0.1", "backend.example")
    async with E2BClient(here, DEFAULT_API_KEY) as client:
        assert (await client.list_all()).complete


class Unanswering(httpcore.AsyncNetworkBackend):
    """No address answers: each takes all the seconds that it is given, which are noted."""

    def __init__(self, now):
        self.now, self.given = now, []

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.given.append(timeout)
        self.now[0] += timeout or 0
        raise httpcore.ConnectTimeout


@pytest.mark.parametrize(
    ("count", "timeout", "given"),
    [(1, 5.0, [5.0]), (2, 5.0, [2.5, 2.5]), (8, 3.0, [1.0, 1.0, 1.0]), (3, None, [None, None, None])],
)
async def test_addresses_of_one_name_share_one_timeout(monkeypatch, count, timeout, given):
    now = [100.0]

    async def addresses(*_, **__):
        return [f"10.0.0.{number}" for number in range(1, count + 1)]

    monkeypatch.setattr(outbound, "addresses_of", addresses)
    monkeypatch.setattr(outbound, "time", SimpleNamespace(monotonic=lambda: now[0]))
    network = Unanswering(now)
    with pytest.raises(httpcore.ConnectTimeout):
        await outbound._Guarded(network).connect_tcp("many.example", 80, timeout)
    assert network.given == given


@pytest.mark.parametrize("place", ["_pool", "_network_backend"])
async def test_httpx_that_cannot_be_guarded_is_not_used(place):
    async with httpx.AsyncClient(trust_env=False) as client:
        transport = client._transport
        assert isinstance(transport, httpx.AsyncHTTPTransport)
        owner: object = transport if place == "_pool" else transport._pool
        kept = owner.__dict__.pop(place)
        with pytest.raises(RuntimeError, match="forbidden addresses"):
            outbound.guard(client)
        owner.__dict__[place] = kept


@pytest.mark.parametrize("url", ["http://[::ffff:169.254.169.254]/", "https://me:secret@example.com/", "http://["])
def test_no_form_takes_such_an_address(url):
    for record in (Account(name="a", url=url), OwnerCallback(url=url)):
        with pytest.raises(ValidationError):
            record.clean()
