"""The Settings page, one file per section; each thin over the room that knows."""

from dashboard.settings import account, password, prices, system, tokens, webhook

__all__ = ["account", "password", "prices", "system", "tokens", "webhook"]
