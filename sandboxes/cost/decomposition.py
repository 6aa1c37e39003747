"""Why a bill changed: a difference of two costs split exactly into five causes. Pure, in whole numbers and fractions.

The cost of a span is `I + n × l × (c × p + m × q)`, with

- `I` the cost of the time after each run's last activity,
- `n` how many runs there were, `l` their mean time until the last activity,
- `c` and `m` their mean cores and MB in that time, `p` and `q` the mean price of a core and of a MB and microsecond.

From the span before (0) to the one that is explained (1), one factor after the other takes its new value:

    more runs         (n1 − n0) × l0 × (c0 × p0 + m0 × q0)
    longer runs       n1 × (l1 − l0) × (c0 × p0 + m0 × q0)
    bigger machines   n1 × l1 × ((c1 − c0) × p0 + (m1 − m0) × q0)
    prices            n1 × l1 × (c1 × (p1 − p0) + m1 × (q1 − q0))
    idle time         I1 − I0

All terms but the first and last cancel out: the five add up to the difference, with no rest. A factor that one span
does not have (of a group that is new, or gone) is taken from the other: what is new is more runs, what is gone fewer.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Final

CAUSES: Final = ("more_runs", "longer_runs", "bigger_machines", "prices", "idle")


@dataclass
class Span:
    """What one group's cost in a span is made of: runs, and of the time until their last activity microseconds,
    thousandths of cores × time, MB × time, and the money of both; `idle` is the money after it. Money in `units`.
    """

    runs: int = 0
    time: int = 0
    cores: int = 0
    mb: int = 0
    cores_cost: int = 0
    mb_cost: int = 0
    idle: int = 0

    @property
    def cost(self) -> int:
        """All of it, in `units`."""
        return self.cores_cost + self.mb_cost + self.idle


def causes(before: Span, after: Span) -> list[Fraction]:
    """The parts of `after.cost − before.cost`, in `units`, in the order of CAUSES; they add up to it exactly."""
    length0, length1 = _both(before.time, before.runs, after.time, after.runs)
    cores0, cores1 = _both(before.cores, before.time, after.cores, after.time)
    mb0, mb1 = _both(before.mb, before.time, after.mb, after.time)
    core0, core1 = _both(before.cores_cost, before.cores, after.cores_cost, after.cores)
    gib0, gib1 = _both(before.mb_cost, before.mb, after.mb_cost, after.mb)
    rate0 = cores0 * core0 + mb0 * gib0
    time1 = after.runs * length1
    return [
        (after.runs - before.runs) * length0 * rate0,
        after.runs * (length1 - length0) * rate0,
        time1 * ((cores1 - cores0) * core0 + (mb1 - mb0) * gib0),
        time1 * (cores1 * (core1 - core0) + mb1 * (gib1 - gib0)),
        Fraction(after.idle - before.idle),
    ]


def split(parts: list[Fraction], total: int, unit: int) -> list[int]:
    """The parts in whole multiples of `unit` that add up to `total` of them: none moves by more than it must.

    `total` is what the sum of the parts was rounded to.
    """
    found = [floor(part / unit) for part in parts]
    left = total - sum(found)
    by_loss = sorted(range(len(parts)), key=lambda i: parts[i] / unit - found[i], reverse=left > 0)
    for number in range(abs(left)):
        found[by_loss[number % len(parts)]] += 1 if left > 0 else -1
    return found


def _both(amount0: int, of0: int, amount1: int, of1: int) -> tuple[Fraction, Fraction]:
    """The mean of each span; one that has none takes the other's."""
    mean0 = Fraction(amount0, of0) if of0 else None
    mean1 = Fraction(amount1, of1) if of1 else None
    return (
        mean0 if mean0 is not None else mean1 or Fraction(0),
        mean1 if mean1 is not None else mean0 or Fraction(0),
    )
