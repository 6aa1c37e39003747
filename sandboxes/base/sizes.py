"""Sizes of a sandbox as a backend reports them: fractions of a core are real, absurd figures are none. Pure."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

# The largest machines that clouds rent out have some 900 cores and 32 TiB of memory.
MOST_CPUS: Final = 2048
MOST_MB: Final = 64 * 1024 * 1024
THOUSANDTH: Final = Decimal("0.001")
Number = int | float | Decimal


def plausible_cpu(value: object) -> Decimal | None:
    """Cores, in thousandths; None when it is no number, not above 0, or more than any machine has."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 < value <= MOST_CPUS:
        return None
    cores = Decimal(str(value)).quantize(THOUSANDTH, ROUND_HALF_UP)
    return cores or None


def plausible_mb(value: object) -> int | None:
    """Whole MB, rounded up to 1; None when it is no number, not above 0, or bytes in disguise."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 < value <= MOST_MB:
        return None
    return max(1, int(value))


def as_number(cores: Number | None) -> int | float | None:
    """As JSON has it: whole numbers stay whole."""
    if cores is None:
        return None
    return int(cores) if cores == int(cores) else float(cores)
