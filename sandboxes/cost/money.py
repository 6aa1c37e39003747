"""Exact money: dollars as whole numbers of a tiny unit, rounded so that the parts still add up to the whole. Pure.

A rate has ten decimals, a time six, cores have three, and a GiB is 1,024 MB: counted in USD / (1024 × 10¹⁹), every
cost is whole.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

_RATE: Final = 10**10
_MB_IN_GIB: Final = 1024
_CORES: Final = 10**3
MICRO_USD: Final = _MB_IN_GIB * _RATE * _CORES  # units in a millionth of a dollar: 10⁶ of the time cancel out


def units(per_core: Decimal, per_gib: Decimal, millicore_us: int, mb_us: int) -> int:
    """Cost of thousandths of cores × microseconds and MB × microseconds at USD a core and GiB second.

    Rates have ten decimals at most.
    """
    return int(per_core * _RATE) * _MB_IN_GIB * millicore_us + int(per_gib * _RATE) * _CORES * mb_us


def rounded(parts: Sequence[int]) -> tuple[list[Decimal], Decimal]:
    """Each part and their sum, from units to USD with six decimals: the rounded parts add up to the rounded sum.

    The sum is rounded to the nearest; what is then missing goes to the parts that lost most (largest remainder), so
    that none is off by a millionth or more.
    """
    total = (sum(parts) + MICRO_USD // 2) // MICRO_USD
    micros = [part // MICRO_USD for part in parts]
    by_loss = sorted(range(len(parts)), key=lambda i: (-(parts[i] % MICRO_USD), i))
    for i in by_loss[: total - sum(micros)]:
        micros[i] += 1
    return [millionths(micro) for micro in micros], millionths(total)


def usd_of(part: int) -> Decimal:
    """Units as USD, rounded to six decimals."""
    return rounded([part])[1]


def millionths(count: int) -> Decimal:
    """So many millionths: of a dollar as USD, of a second as seconds."""
    return Decimal(count).scaleb(-6)
