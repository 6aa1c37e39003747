"""The servers' addresses as environment variables, in each reader's own spelling."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit


def broker(redis_url: str) -> str:
    """The same Redis as Celery spells it: `redis+socket://` for a Unix socket, anything else unchanged.

    Source: Celery, "Using Redis", section Configuration.
    """
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={number}"


def addresses(database_url: str, redis_url: str) -> Mapping[str, str]:
    """DATABASE_URL, REDIS_URL and CELERY_BROKER_URL (Celery reads the last by itself)."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "CELERY_BROKER_URL": broker(redis_url)}
