"""One poll tick as columns: what the backend answered, merged with what the tick before had already seen. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Protocol

import msgspec
from msgspec.structs import replace

from sandboxes.e2b.wire import Metric, is_plausible

NO_SAMPLE = -1
FULL_PCT, FULL_HUNDREDTHS = 100.0, 10_000
MAX_AGE_SECONDS = 32_000  # ages are 2-byte integers; a sample from nine hours ago says nothing about now
SOON_SECONDS = 10  # so far ahead of the tick a sample is still taken at its word: it was made while we read
_MAX_KIB = 2**31 - 1


# Neither of these is looked at by the garbage collector, which else goes through the whole process for each tick's
# tens of thousands of them: that took as long as to make them.
class Sample(msgspec.Struct, frozen=True, gc=False):
    """One reading. `unix` is on the backend's clock, `cpu` in hundredths of a percent, the rest in KiB."""

    unix: int
    cpu: int
    mem: int
    mem_total: int
    disk: int
    disk_total: int


class Running(msgspec.Struct, frozen=True, gc=False):
    """A sandbox to be asked for: our key, the backend's ID, and the second in which its current run started."""

    key: int
    sandbox_id: str
    started_unix: int


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

    def append(self, key: int, sample: Sample, *, is_new: bool) -> None:
        """One entry more."""
        self.keys.append(key)
        self.fresh.append(is_new)
        self.fill([sample])

    def fill(self, samples: Sequence[Sample]) -> None:
        """The figures of the entries that have none yet; no sample may be later than `clock_unix`."""
        clock = self.clock_unix
        self.ages += [NO_SAMPLE if sample is _NOTHING else clock - sample.unix for sample in samples]
        self.cpu += [sample.cpu for sample in samples]
        self.mem += [sample.mem for sample in samples]
        self.mem_total += [sample.mem_total for sample in samples]
        self.disk += [sample.disk for sample in samples]
        self.disk_total += [sample.disk_total for sample in samples]


# What stands for a sandbox that has no sample.
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
    clock, figures = frame.clock_unix, (frame.cpu, frame.mem, frame.mem_total, frame.disk, frame.disk_total)
    found = dict(zip(frame.keys, map(Sample, [clock - age for age in frame.ages], *figures), strict=True))
    if NO_SAMPLE in frame.ages:  # dated after the tick, as no sample is
        return {key: sample for key, sample in found.items() if sample.unix <= clock}
    return found


def newest_of(frames: Iterable[Columns], known: Mapping[int, Sample] | None = None) -> dict[int, Sample]:
    """The newest sample of each sandbox in any of `frames`, or `known` already."""
    found = dict(known or {})
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

    CPU is a share of all cores, so more than 100% is a rounding of the backend's (or its mistake): 100.
    """
    if not is_plausible(metric):
        return None
    cpu, mem, mem_total = metric.cpu_used_pct, int(metric.mem_used) >> 10, int(metric.mem_total) >> 10
    disk, disk_total = int(metric.disk_used) >> 10, int(metric.disk_total) >> 10
    if mem | mem_total | disk | disk_total > _MAX_KIB:  # one of them is
        mem, mem_total, disk, disk_total = (min(size, _MAX_KIB) for size in (mem, mem_total, disk, disk_total))
    hundredths = round(cpu * 100) if cpu < FULL_PCT else FULL_HUNDREDTHS
    return Sample(int(metric.timestamp_unix), hundredths, mem, mem_total, disk, disk_total)


def build(
    running: Iterable[Running], answers: Mapping[str, Metric], seen: Mapping[int, Sample], clock_unix: int
) -> Frame:
    """The frame of a tick at `clock_unix` (backend's clock); `seen` is what frames before held.

    A sample from before the current run is old news: none. One that was seen before is carried with its age and is
    not `fresh`; so is the last one of a sandbox that the backend did not answer for.
    """
    readings = dict(zip(answers, map(reading, answers.values()), strict=True))
    known = [sample.unix for samples in (readings, seen) for sample in samples.values() if sample]
    clock = max((unix for unix in known if clock_unix < unix <= clock_unix + SOON_SECONDS), default=clock_unix)
    frame = Frame(clock)
    samples: list[Sample] = []
    for one in sorted(running, key=attrgetter("key")):
        sample, is_new = _entry(one, readings.get(one.sandbox_id), seen.get(one.key), clock)
        frame.keys.append(one.key)
        frame.fresh.append(is_new)
        samples.append(sample)
    frame.fill(samples)
    return frame


def _entry(one: Running, answer: Sample | None, before: Sample | None, clock_unix: int) -> tuple[Sample, bool]:
    """The sample to show, and whether it is one that we did not have."""
    # So it is for nearly all, each tick: a new sample, of this run, and no clock is wrong.
    if answer and one.started_unix <= answer.unix <= clock_unix and (before is None or before.unix < answer.unix):
        sample, is_new = answer, True
    else:
        newest, is_new = _newest(_of_this_run(answer, one), _of_this_run(before, one), clock_unix)
        sample = newest or _NOTHING
    return (_NOTHING, False) if clock_unix - sample.unix > MAX_AGE_SECONDS else (sample, is_new)


def _of_this_run(sample: Sample | None, one: Running) -> Sample | None:
    return sample if sample and sample.unix >= one.started_unix else None


def _newest(answer: Sample | None, before: Sample | None, clock_unix: int) -> tuple[Sample | None, bool]:
    if answer is None:
        return _not_later(before, clock_unix), False
    if answer.unix > clock_unix:
        # Its clock is wrong, so its time can't tell whether we know it: its figures can (disk is kept less exactly).
        is_new = before is None or _figures(answer) != _figures(before)
        return (replace(answer, unix=clock_unix), True) if is_new else (_not_later(before, clock_unix), False)
    if before is None or answer.unix > before.unix:
        return answer, True
    return _not_later(before, clock_unix), False


def _figures(sample: Sample) -> tuple[int, int, int]:
    return sample.cpu, sample.mem, sample.mem_total


def _not_later(sample: Sample | None, clock_unix: int) -> Sample | None:
    return replace(sample, unix=min(sample.unix, clock_unix)) if sample else None
