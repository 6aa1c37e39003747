"""From which address a request came: the peer's, or what as many proxies as we trust say of it. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any


def of_meta(meta: Mapping[str, Any], trusted_proxies: int) -> str:
    """Of a Django request's META."""
    return client_address(meta.get("REMOTE_ADDR", ""), [meta.get("HTTP_X_FORWARDED_FOR", "")], trusted_proxies)


def client_address(peer: str, forwarded_for: Iterable[str], trusted_proxies: int) -> str:
    """The address that the outermost of `trusted_proxies` saw.

    Each proxy appends to X-Forwarded-For whom it was asked by, so that the last entries are our own proxies' word and
    all before them anybody's. Without proxies no header counts. An entry that is no address leaves the peer's.
    """
    if trusted_proxies < 1:
        return peer
    entries = [word.strip() for line in forwarded_for for word in line.split(",") if word.strip()]
    believed = entries[-trusted_proxies:]
    return _address(believed[0]) or peer if believed else peer


def _address(entry: str) -> str:
    """Without the port that some proxies write; empty when it is no address."""
    host = entry[1:].partition("]")[0] if entry.startswith("[") else entry
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""
