"""One poll tick as columns: what the backend answered, merged with what the tick before had already seen. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sandboxes.e2b.wire import Metric, is_plausible

NO_SAMPLE = -1
FULL_PCT = 100.0
MAX_AGE_SECONDS = 32_000  # ages are 2-byte integers; a sample from nine hours ago says nothing about now
SOON_SECONDS = 10  # so far ahead of the tick a sample is still taken at its word: it was made while we read
_MAX_KIB = 2**31 - 1


class Sample(NamedTuple):
    """One reading. `unix` is on the backend's clock, `cpu` in hundredths of a percent, the rest in KiB."""

    unix: int
    cpu: int
    mem: int
    mem_total: int
    disk: int
    disk_total: int


@dataclass(frozen=True)
class Running:
    """A sandbox to be asked for: our key, the backend's ID, and when its current run started (Unix seconds)."""

    key: int
    sandbox_id: str
    started_unix: float


@dataclass
class Frame:
    """Columns in order of `keys`, which ascend; they become a MetricFrame."""

    clock_unix: int
    keys: list[int] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)
    fresh: list[bool] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)
    mem: list[int] = field(default_factory=list)
    mem_total: list[int] = field(default_factory=list)
    disk: list[int] = field(default_factory=list)
    disk_total: list[int] = field(default_factory=list)

    def append(self, key: int, sample: Sample | None, *, is_new: bool) -> None:
        """`sample` must not be later than `clock_unix`; None is kept as an entry without one."""
        unix, cpu, mem, mem_total, disk, disk_total = sample or _NOTHING
        self.keys.append(key)
        self.ages.append(self.clock_unix - unix if sample else NO_SAMPLE)
        self.fresh.append(is_new and sample is not None)
        self.cpu.append(cpu)
        self.mem.append(mem)
        self.mem_total.append(mem_total)
        self.disk.append(disk)
        self.disk_total.append(disk_total)


_NOTHING = Sample(0, 0, 0, 0, 0, 0)


class Columns(Protocol):
    """What `seen_in` reads: a Frame or a MetricFrame row."""

    clock_unix: int
    keys: list[int]
    ages: list[int]
    cpu: list[int]
    mem: list[int]
    mem_total: list[int]
    disk_total: list[int]

    @property
    def disk(self) -> list[int]: ...


def seen_in(frame: Columns) -> dict[int, Sample]:
    """The samples that a frame holds, by sandbox key."""
    rows = zip(frame.keys, frame.ages, frame.cpu, frame.mem, frame.mem_total, frame.disk, frame.disk_total, strict=True)
    return {key: Sample(frame.clock_unix - age, *figures) for key, age, *figures in rows if age != NO_SAMPLE}


def newest_of(frames: Iterable[Columns]) -> dict[int, Sample]:
    """The newest sample of each sandbox in any of `frames`."""
    found: dict[int, Sample] = {}
    for frame in frames:
        seen = seen_in(frame)
        if not found:
            found = seen
            continue
        for key, sample in seen.items():
            if key not in found or found[key].unix < sample.unix:
                found[key] = sample
    return found


def reading(metric: Metric) -> Sample | None:
    """A sample from the wire, within what the columns hold; None for NaN, negative figures or no time.

    CPU is a share of all cores, so more than 100 % is a rounding of the backend's (or its mistake): 100.
    """
    if not is_plausible(metric):
        return None
    return Sample(
        int(metric.timestamp_unix),
        round(min(metric.cpu_used_pct, FULL_PCT) * 100),
        _kib(metric.mem_used),
        _kib(metric.mem_total),
        _kib(metric.disk_used),
        _kib(metric.disk_total),
    )


def _kib(size_bytes: float) -> int:
    return min(int(size_bytes) // 1024, _MAX_KIB)


def build(
    running: Iterable[Running], answers: Mapping[str, Metric], seen: Mapping[int, Sample], clock_unix: int
) -> Frame:
    """The frame of a tick at `clock_unix` (backend's clock); `seen` is what frames before held.

    A sample from before the current run is old news: none. One that was seen before is carried with its age and is
    not `fresh`; so is the last one of a sandbox that the backend did not answer for.
    """
    readings = {one_id: sample for one_id, metric in answers.items() if (sample := reading(metric))}
    known = (sample.unix for samples in (readings, seen) for sample in samples.values())
    frame = Frame(max((unix for unix in known if clock_unix < unix <= clock_unix + SOON_SECONDS), default=clock_unix))
    for one in sorted(running, key=lambda one: one.key):
        before = _of_this_run(seen.get(one.key), one)
        sample, is_new = _newest(_of_this_run(readings.get(one.sandbox_id), one), before, frame.clock_unix)
        if sample and frame.clock_unix - sample.unix > MAX_AGE_SECONDS:
            sample = None
        frame.append(one.key, sample, is_new=is_new)
    return frame


def _of_this_run(sample: Sample | None, one: Running) -> Sample | None:
    return sample if sample and sample.unix >= int(one.started_unix) else None


def _newest(answer: Sample | None, before: Sample | None, clock_unix: int) -> tuple[Sample | None, bool]:
    """The sample to show, and whether it is one that we did not have."""
    if answer is None:
        return _not_later(before, clock_unix), False
    if answer.unix > clock_unix:
        # Its clock is wrong, so its time can't tell whether we know it: its figures can (disk is kept less exactly).
        is_new = before is None or answer[1:4] != before[1:4]
        return (answer._replace(unix=clock_unix), True) if is_new else (_not_later(before, clock_unix), False)
    if before is None or answer.unix > before.unix:
        return answer, True
    return _not_later(before, clock_unix), False


def _not_later(sample: Sample | None, clock_unix: int) -> Sample | None:
    return sample._replace(unix=min(sample.unix, clock_unix)) if sample else None
