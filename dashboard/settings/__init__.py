"""The Settings page, one file per section; each thin over the room that knows."""

from dashboard.settings import account, accounts, password, people, prices, system, tokens, webhook

__all__ = ["account", "accounts", "password", "people", "prices", "system", "tokens", "webhook"]
