"""The Settings page, one file per section; each thin over the room that knows."""

from dashboard.settings import account, password, people, prices, system, tokens, webhook

__all__ = ["account", "password", "people", "prices", "system", "tokens", "webhook"]
