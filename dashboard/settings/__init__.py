"""The Settings page, one file per section; each thin over the room that knows."""

from dashboard.settings import account, prices, system, tokens, webhook

__all__ = ["account", "prices", "system", "tokens", "webhook"]
