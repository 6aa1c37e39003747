"""The Settings page, one file per section; each thin over the room that knows."""

from dashboard.settings import account, house, prices, tokens, webhook

__all__ = ["account", "house", "prices", "tokens", "webhook"]
