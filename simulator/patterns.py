"""CPU, memory and disk of a sandbox as pure functions of time, so that no sample needs to be stored."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sin
from random import Random
from typing import Literal

Pattern = Literal["busy", "steady", "idle", "bursty", "leaking"]

_MASK = (1 << 64) - 1
_SMOOTH_SECONDS = 45
_WARM_UP_SECONDS = 25.0
# The share of its memory at which the kernel inside starts to kill.
_FULL = 0.995


@dataclass(frozen=True, slots=True)
class Curve:
    """How one sandbox behaves: `level` and `phase` (0 to 1) make it its own, `period_seconds` is that of a burst or
    of a leak (the running seconds until memory is full)."""

    pattern: Pattern
    seed: int
    level: float
    phase: float
    period_seconds: float


@dataclass(frozen=True, slots=True)
class Usage:
    """One reading: CPU in per cent of all cores together, the rest as shares (0 to 1) of what is allocated."""

    cpu_pct: float
    memory: float
    cache: float
    disk: float


def drawn(chance: Random, pattern: Pattern, period_seconds: float | None = None) -> Curve:
    """A curve of that pattern with its own level, phase and (unless given) period."""
    period = chance.uniform(90, 600) if period_seconds is None else period_seconds
    return Curve(pattern, chance.getrandbits(62), chance.random(), chance.random(), max(period, 60.0))


def wished(chance: Random, name: str) -> Curve:
    """A curve of the pattern of that name, or a steady one when there is none such."""
    return drawn(chance, next((pattern for pattern in _LOOKS if pattern == name), "steady"))


def usage(curve: Curve, age_seconds: float, at: int) -> Usage:
    """The reading at Unix second `at` of a sandbox that had run for `age_seconds` in all; always the same."""
    jitter = noise(curve.seed, at)
    slow = smooth(curve.seed, at)
    cpu, memory = _LOOKS[curve.pattern](curve, age_seconds, at, slow, jitter)
    if age_seconds < _WARM_UP_SECONDS:
        cpu = max(cpu, 35.0 + 40.0 * jitter)
    cache = min(0.25, 0.04 + age_seconds / 20_000) * (1.0 - memory)
    disk = 0.07 + 0.1 * curve.level + min(0.5, age_seconds / 150_000)
    return Usage(min(max(cpu, 0.0), 100.0), min(memory, _FULL), cache, disk)


def noise(seed: int, step: int) -> float:
    """A number in [0, 1) that looks random, by a multiply-and-shift hash of 64 bits."""
    mixed = (seed ^ (step * 0x9E3779B97F4A7C15)) & _MASK
    mixed ^= mixed >> 32
    mixed = (mixed * 0xD6E8FEB86659FD93) & _MASK
    mixed ^= mixed >> 29
    return (mixed & 0xFFFFF) / 0x100000


def smooth(seed: int, at: int) -> float:
    """Noise in [0, 1) that wanders slowly: straight lines between random heights 45 s apart."""
    step, inside = divmod(at, _SMOOTH_SECONDS)
    share = inside / _SMOOTH_SECONDS
    return noise(seed ^ 0x5EED, step) * (1.0 - share) + noise(seed ^ 0x5EED, step + 1) * share


def _busy(curve: Curve, age: float, at: int, slow: float, jitter: float) -> tuple[float, float]:
    swell = sin(2 * pi * (at / (curve.period_seconds * 4) + curve.phase))
    cpu = 58.0 + 25.0 * curve.level + 8.0 * swell + 16.0 * (slow - 0.5) + 5.0 * (jitter - 0.5)
    return cpu, 0.34 + 0.22 * curve.level + 0.06 * swell + 0.04 * slow + min(0.08, age / 60_000)


def _steady(curve: Curve, age: float, _at: int, slow: float, jitter: float) -> tuple[float, float]:
    cpu = 14.0 + 22.0 * curve.level + 12.0 * (slow - 0.5) + 4.0 * (jitter - 0.5)
    return cpu, 0.24 + 0.2 * curve.level + 0.05 * slow + min(0.05, age / 90_000)


def _idle(curve: Curve, _age: float, _at: int, slow: float, jitter: float) -> tuple[float, float]:
    return 0.1 + 0.5 * curve.level + 1.4 * jitter * jitter * jitter, 0.11 + 0.08 * curve.level + 0.004 * slow


def _bursty(curve: Curve, _age: float, at: int, slow: float, jitter: float) -> tuple[float, float]:
    place = (at / curve.period_seconds + curve.phase) % 1.0
    if place < 0.15 + 0.2 * curve.level:
        return 82.0 + 16.0 * slow + 8.0 * (jitter - 0.5), 0.48 + 0.2 * curve.level + 0.05 * slow
    return 1.5 + 4.0 * jitter, 0.2 + 0.1 * curve.level + 0.15 * max(0.0, 0.6 - place)


def _leaking(curve: Curve, age: float, _at: int, slow: float, jitter: float) -> tuple[float, float]:
    # Full a little before the period ends, so that the last samples stand at the limit.
    grown = age / max(curve.period_seconds - 40.0, 20.0)
    thrash = 40.0 * max(0.0, grown - 0.9) / 0.1 if grown < 1.0 else 40.0
    return 10.0 + 14.0 * slow + 5.0 * jitter + thrash, 0.16 + (_FULL - 0.16) * min(grown, 1.0)


_LOOKS: dict[Pattern, Callable[[Curve, float, int, float, float], tuple[float, float]]] = {
    "busy": _busy,
    "steady": _steady,
    "idle": _idle,
    "bursty": _bursty,
    "leaking": _leaking,
}
