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


class Secrets:
    """Texts to hide: of more than `most` those that were registered last."""

    def __init__(self, most: int) -> None:
        self._held: Recent[str, None] = Recent(most)
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def register(self, *secrets: str) -> None:
        """Hides these from now on; texts shorter than SHORTEST_SECRET are let through."""
        given = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        with self._lock:
            new = [secret for secret in given if secret not in self._held]
            for secret in given:
                self._held.set(secret, None)
            if new:
                # The longest first, or a secret that begins with another would keep its tail.
                longest_first = sorted(self._held.keys(), key=len, reverse=True)
                self._pattern = re.compile("|".join(re.escape(secret) for secret in longest_first))

    def forget(self) -> None:
        """As if none had been registered yet."""
        with self._lock:
            self._held.clear()
            self._pattern = None

    def mask(self, text: str) -> str:
        """The text with every known or likely secret replaced by MASK."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _LOOKS_SECRET.sub(_hide, text)


# Those of this process: whatever logs or shows a text masks what anything in it has used.
_of_process = Secrets(MOST_SECRETS)
register, forget, mask = _of_process.register, _of_process.forget, _of_process.mask


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
