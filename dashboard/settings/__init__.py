"""The Settings page, one file per section; each thin over the room that knows."""

from dashboard.settings import (
    account,
    accounts,
    audit,
    password,
    people,
    prices,
    providers,
    second_factor,
    sign_in,
    system,
    tokens,
    webhook,
)

__all__ = [
    "account",
    "accounts",
    "audit",
    "password",
    "people",
    "prices",
    "providers",
    "second_factor",
    "sign_in",
    "system",
    "tokens",
    "webhook",
]
