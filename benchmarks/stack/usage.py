"""What the fleet's sandboxes use at a moment: the simulator's own curves, so that arrays pack as in life."""

from functools import cache
from random import Random

from sandboxes.metrics.series.frame import Frame, Sample
from simulator import patterns

MEM_KIB, DISK_KIB = 1024 * 1024, 10 * 1024 * 1024
# How often each pattern comes, in twentieths.
_MIX: tuple[tuple[patterns.Pattern, int], ...] = (
    ("idle", 9), ("steady", 5), ("bursty", 3), ("busy", 2), ("leaking", 1),
)  # fmt: skip
_PATTERNS = [pattern for pattern, share in _MIX for _ in range(share)]
_AGE_SECONDS = 7 * 86_400


@cache
def _curve(key: int) -> patterns.Curve:
    return patterns.drawn(Random(key), _PATTERNS[key % len(_PATTERNS)])


def sample(key: int, unix: int) -> Sample:
    """The reading of sandbox `key` at that second."""
    used = patterns.usage(_curve(key), _AGE_SECONDS + unix % 3600, unix)
    return Sample(unix, round(used.cpu_pct * 100), int(used.memory * MEM_KIB), MEM_KIB,
                  int(used.disk * DISK_KIB), DISK_KIB)  # fmt: skip


def frame(keys: range, unix: int) -> Frame:
    """A whole frame: every sandbox sampled once each 5 s, at a second of its own."""
    made = Frame(unix)
    for key in keys:
        made.append(key, sample(key, unix - (unix + key) % 5), is_new=True)
    return made
