"""Reads environment variables, each with its type, default and a clear error."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class InvalidVariable(ValueError):
    """An environment variable holds what cannot be meant; the message names it."""


def text(name: str, default: str = "") -> str:
    """The variable without surrounding space; `default` when unset or empty."""
    return os.environ.get(name, "").strip() or default


def number(name: str, default: float, *, least: float) -> float:
    """A number of at least `least`.

    Raises InvalidVariable, naming the variable, when it is no such number.
    """
    raw = text(name)
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        raise InvalidVariable(f"{name}={raw!r} is not a number") from None
    if not value >= least:
        raise InvalidVariable(f"{name}={raw} must be {least:g} or more")
    return value


def flag(name: str) -> bool:
    """True for 1, true, yes, on (any case); False when unset or anything that says no."""
    return text(name).lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    """A list with commas between its words."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a `postgresql://` URL; `?host=/dir` names a socket folder.

    Raises InvalidVariable when it is no PostgreSQL URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise InvalidVariable("DATABASE_URL must begin with postgresql://")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or "") or "postgres",
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": query,
    }


@dataclass(frozen=True)
class Mail:
    """A mail server; without a host there is none."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False
    tls: bool = False


def mail(url: str) -> Mail:
    """`smtp://`, `smtp+tls://` (STARTTLS) or `smtps://user:password@host:port`; an empty text is no server.

    Raises InvalidVariable when it is no such URL; its message quotes nothing, since a password may stand in it.
    """
    if not url:
        return Mail()
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    try:
        parts = urlsplit(url)
        port = parts.port or ports[parts.scheme]
    except (ValueError, KeyError):
        raise InvalidVariable("EMAIL_URL must be like smtp+tls://user:password@host:587") from None
    if not parts.hostname:
        raise InvalidVariable("EMAIL_URL names no host")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Mail(parts.hostname, port, user, password, parts.scheme == "smtp+tls", parts.scheme == "smtps")


def data_dir(base: Path) -> Path:
    """DATA_DIR, from the project's folder when relative; `var/` by default."""
    return (base / text("DATA_DIR", "var")).resolve()


def reachable(host: str) -> str:
    """An address by which this machine reaches a listener on `host`: loopback where it listens everywhere."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound
    return bracketed(everywhere.get(host, host))


def bracketed(host: str) -> str:
    """The host as it stands in a URL and in a Host header: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
