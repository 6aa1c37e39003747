"""What a replay comes to: acts, who was used again afterwards, what it saved, hour by hour. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sandboxes.base.pricing import PriceBooks
from sandboxes.cleanup.whatif.replay import ROUND, Act, Held
from sandboxes.cleanup.whatif.timeline import Life
from sandboxes.policies import Reason

HOUR: Final = timedelta(hours=1)


class Sign(NamedTuple):
    """The last sign of life of a sandbox, and what it was."""

    at: datetime
    what: Literal["resumed", "cpu", "timeout_moved", "leased", "requested"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One act of the replay; `life_after` when it was used again, so that the act would have been wrong."""

    life: Life
    marked_at: datetime
    at: datetime
    reasons: Callable[[], tuple[Reason, ...]]
    life_after: Sign | None
    saved_usd: float


@dataclass(frozen=True, slots=True)
class HourTold:
    """Acts of the hour that begins at `at`, and how many of those were used again."""

    at: datetime
    would_have_hit: int
    showed_life_after: int


def outcomes(
    acts: Iterable[Act], signs: Mapping[int, Sign], action: str, prices: PriceBooks, end: datetime
) -> list[Outcome]:
    """The acts with what came after them, oldest first. `signs` are the last signs of life by sandbox key."""
    found = []
    for act in acts:
        sign = signs.get(act.life.key)
        found.append(
            Outcome(
                act.life, act.marked_at, act.at, act.reasons,
                sign if sign is not None and sign.at > act.at else None,
                saved_usd(act.life, act.at, action, prices, end),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.life.sandbox_id))


def saved_usd(life: Life, at: datetime, action: str, prices: PriceBooks, end: datetime) -> float:
    """What it really cost from `at` to the record's end: a kill saves all of that, a pause the rest of the run."""
    if action == "notify":
        return 0.0
    total, book = 0.0, prices.named(life.account)
    for run in life.runs:
        until = min(run.ended_at or end, end)
        if until > at and not (action == "pause" and run.started_at > at):
            total += float(book.cost_usd(run.cpu_count, run.memory_mb, max(at, run.started_at), until))
    return total


def by_hour(acts: Sequence[tuple[datetime, bool]], start: datetime, end: datetime) -> list[HourTold]:
    """Every hour of the record that has begun, UTC; of each act its time, and whether it was used again."""
    hit = Counter(_hour(at) for at, _ in acts)
    wrong = Counter(_hour(at) for at, is_used in acts if is_used)
    told, at = [], _hour(start)
    while at < end:
        told.append(HourTold(at, hit[at], wrong[at]))
        at += HOUR
    return told


def most_at_once(held: Iterable[tuple[str, Held, datetime]]) -> int:
    """The most that one round would have found in one account, as the breaker counts. (account, span, gone at) each."""
    steps: Counter[tuple[str, int]] = Counter()
    for account, span, gone_at in held:
        first = int(span.since.timestamp() // ROUND.seconds)
        steps[account, first] += 1
        steps[account, max(first, int(min(gone_at, span.until).timestamp() // ROUND.seconds)) + 1] -= 1
    most = now = 0
    account = ""
    for (name, _), step in sorted(steps.items()):
        now = step if name != account else now + step
        account, most = name, max(most, now)
    return most


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
