"""Keeps secrets out of what is logged or shown: registered ones, and whatever looks like an E2B key."""

import logging
import re
import threading

from sandboxes.base.recent import Recent

MASK = "•••"
# A shorter "secret" would shred ordinary words in every log line.
SHORTEST_SECRET = 6

_LOOKS_SECRET = re.compile(
    r"e2b_[0-9a-fA-F]{8,}"
    r"|(?<=fernet:)[\w=-]{20,}"
    r"|(?i:(?<=bearer )[\w.~+/=-]{8,})"
    r"|(?i:(?:x-api-key|envdaccesstoken|signaturesecret)[\"']?\s*[:=,]\s*b?[\"']?)(?P<value>[^\s\"',})]+)"
)
# Whatever is in use registers itself again: of those tried or replaced over the years the oldest are let go.
MOST_SECRETS = 1_000
_secrets: Recent[str, None] = Recent(MOST_SECRETS)
_registered: re.Pattern[str] | None = None
_lock = threading.Lock()


def register(*secrets: str) -> None:
    """Hide these texts from now on, in this process; texts shorter than SHORTEST_SECRET are let through."""
    global _registered  # noqa: PLW0603 - one table per process is the point
    given = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
    with _lock:
        new = [secret for secret in given if secret not in _secrets]
        for secret in given:
            _secrets.set(secret, None)
        if new:
            # The longest first, or a secret that begins with another would keep its tail.
            longest_first = sorted(_secrets.keys(), key=len, reverse=True)
            _registered = re.compile("|".join(re.escape(secret) for secret in longest_first))


def forget() -> None:
    """As in a process that has used no secret yet."""
    global _registered  # noqa: PLW0603 - one table per process is the point
    with _lock:
        _secrets.clear()
        _registered = None


def mask(text: str) -> str:
    """The text with every known or likely secret replaced by MASK."""
    if _registered is not None:
        text = _registered.sub(MASK, text)
    return _LOOKS_SECRET.sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    value = match["value"]
    return MASK if value is None else match[0][: -len(value)] + MASK


class MaskSecrets(logging.Filter):
    """For handlers (a logger's filter does not see its children's records): masks message, traceback and stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(_message(record)), ()
        if record.exc_info and not record.exc_text:
            # A formatter takes exc_text as it is when there is one.
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        # A wrong log call must neither be lost nor break what logged it.
        return f"{record.msg!s} {record.args!r} (badly formatted log call: {error})"
