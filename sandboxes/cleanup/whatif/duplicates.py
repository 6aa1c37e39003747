"""Who was a duplicate when: among sandboxes of one account that carry the same values, all but the newest. Pure."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sandboxes.base.clock import BackendTime
from sandboxes.cleanup.whatif.timeline import Life, Over
from sandboxes.policies import DuplicatePlace


class _Event(NamedTuple):
    """At `at` the sandbox's current run began at `started_at`; None: it was alive no more."""

    at: BackendTime
    key: int
    started_at: BackendTime | None


class _Name(NamedTuple):
    """How the judge orders duplicates: by start, the ID decides between equals."""

    started_at: BackendTime
    sandbox_id: str
    key: int


def over_the_rest(lives: Iterable[Life], keys: tuple[str, ...], keep: int, end: BackendTime) -> dict[int, list[Over]]:
    """The spans in which each sandbox, by its key, was one more than the `keep` newest of its like."""
    crowds: dict[tuple[str, ...], list[Life]] = defaultdict(list)
    for life in lives:
        values = tuple(life.metadata.get(key, "") for key in keys)
        if all(values):
            crowds[(life.account, *values)].append(life)
    found: dict[int, list[Over]] = defaultdict(list)
    for crowd in crowds.values():
        if len(crowd) > keep:
            for key, over in _of_crowd(crowd, keys, keep, end):
                found[key].append(over)
    return {key: sorted(spans) for key, spans in found.items()}


def _of_crowd(crowd: Sequence[Life], keys: tuple[str, ...], keep: int, end: BackendTime) -> Iterator[tuple[int, Over]]:
    """Walks through all starts and ends: only who enters or leaves the newest `keep` changes sides."""
    ids = {life.key: life.sandbox_id for life in crowd}
    alive: dict[int, _Name] = {}
    order: list[_Name] = []
    since: dict[int, tuple[BackendTime, DuplicatePlace]] = {}
    events = sorted((event for life in crowd for event in _events(life)), key=_when)
    for at, together in groupby(events, key=_when):
        touched = {name.key for name in order[-keep:]}
        for event in together:
            touched.add(event.key)
            if (old := alive.pop(event.key, None)) is not None:
                del order[bisect_left(order, old)]
            if event.started_at is not None:
                alive[event.key] = _Name(event.started_at, ids[event.key], event.key)
                insort(order, alive[event.key])
        newest = {name.key for name in order[-keep:]}
        for key in touched | newest:
            is_over = key in alive and key not in newest
            if is_over and key not in since:
                rank = len(order) - bisect_left(order, alive[key])
                since[key] = at, DuplicatePlace(keys, rank, len(order))
            elif not is_over and key in since:
                began, place = since.pop(key)
                yield key, Over(began, at, place)
    for key, (began, place) in since.items():
        if began < end:
            yield key, Over(began, end, place)


def _events(life: Life) -> Iterator[_Event]:
    """When it was alive: from each run's start to its end, or on through its pause."""
    for run, following in zip(life.runs, [*life.runs[1:], None], strict=True):
        yield _Event(run.started_at, life.key, run.started_at)
        over = life.ended_at if run.paused else run.ended_at
        if over is not None and (following is None or over < following.started_at):
            yield _Event(over, life.key, None)


def _when(event: _Event) -> BackendTime:
    return event.at
