"""Which parts of a sandbox's runs we hold no sample of, and the windows to ask for them in. Pure."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

MINUTE = 60
# Below an hour the backend answers in steps of 5 s, below six in steps of 30 s: one call covers a long run coarsely.
WINDOW_SECONDS = int(timedelta(hours=6).total_seconds()) - MINUTE
COARSE_STEP_SECONDS = 30
FINE_STEP_SECONDS = 5
FINE_WINDOW_SECONDS = 3600
BELOW_AN_HOUR = FINE_WINDOW_SECONDS - MINUTE
LEAST_SECONDS = MINUTE


class Span(NamedTuple):
    """[start, end) in Unix seconds."""

    start: int
    end: int


def missing(runs: Iterable[Span], polled_minutes: Collection[int], held: Sequence[Span]) -> list[Span]:
    """The parts of `runs` outside all polled minutes (Unix time / 60) and all `held` spans, oldest first.

    Parts shorter than a minute are not worth a call.
    """
    found: list[Span] = []
    for run in sorted(runs):
        start: int | None = None
        for minute in range(run.start // MINUTE, -(-run.end // MINUTE)):
            at = max(run.start, minute * MINUTE)
            if minute in polled_minutes or any(span.start <= at < span.end for span in held):
                found += _closed(start, at)
                start = None
            elif start is None:
                start = at
        found += _closed(start, run.end)
    return found


def _closed(start: int | None, end: int) -> list[Span]:
    return [Span(start, end)] if start is not None and end - start >= LEAST_SECONDS else []


def windows(span: Span, most_seconds: int = WINDOW_SECONDS) -> list[Span]:
    """The span in equal pieces of at most so many seconds; by default those are answered in steps of 30 s or finer."""
    length = span.end - span.start
    number = -(-length // most_seconds)
    cuts = [span.start + length * piece // number for piece in range(number + 1)]
    return [Span(start, end) for start, end in itertools.pairwise(cuts)]


def step_seconds(window: Span) -> int:
    """The step in which E2B answers for this window (`e2b/README.md`, section 3)."""
    return FINE_STEP_SECONDS if window.end - window.start < FINE_WINDOW_SECONDS else COARSE_STEP_SECONDS
