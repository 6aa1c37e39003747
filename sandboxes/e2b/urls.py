"""Spellings of one address: the form in which a URL is kept, and the origin by which servers are compared. Pure."""

from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalised(text: str) -> str:
    """The URL with scheme and host in lower case, without a default port and without slashes at its end.

    The path keeps its case. What is no URL stays as it is: the client says what is wrong with it.
    """
    try:
        parts = urlsplit(text.strip())
        return f"{parts.scheme.lower()}://{_place(parts)}{parts.path.rstrip('/')}{_rest(parts)}"
    except ValueError:
        return text


def origin(text: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port, by which two addresses lead to one server; None for what is no URL.

    The port is None only for a scheme without a default one.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname:
        return None
    return parts.scheme, _host(parts), port or _DEFAULT_PORTS.get(parts.scheme)


def _place(parts: SplitResult) -> str:
    if not parts.scheme or not parts.hostname:
        raise ValueError("no URL")
    host = f"[{_host(parts)}]" if ":" in _host(parts) else _host(parts)
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme.lower())) else f":{parts.port}"
    user = parts.netloc.rpartition("@")[0]
    return f"{user}@{host}{port}" if user else f"{host}{port}"


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _rest(parts: SplitResult) -> str:
    return (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
