"""`docs/journeys.md`: each job with its clicks, keys and seconds, as the tests that walked them measured it."""

from dataclasses import dataclass
from pathlib import Path

from tests.journeys.jobs import JOBS, Job
from tests.journeys.modes import DESK, KEYS, MATRIX, Mode
from tests.journeys.walker import Walker

HEAD = """# Journeys

What people come to do, walked by a test in Chromium on a simulated fleet of 300 sandboxes, from Fleet on:
`make docs` walks every journey and writes this page. Clicks are clicks, or taps on a touch screen; keys are key
presses, typed letters and Tabs among them. Seconds run from the first step to the last sign that it was done, waiting
for the backend included; they are those of a machine with two cores that ran the server, the simulator and the browser.

Each journey ends on a page that does not scroll sideways and cuts nothing off, without a console message and without an
answer of 400 or more on the way; axe-core finds nothing to complain about there. Every file was opened and read.
"""
PARTS = """{head}
## Each job
{each}
## The list of the engineer on call, in every mode
Three sandboxes are killed here instead of twelve.

{matrix}"""


@dataclass(frozen=True)
class Walked:
    """One journey in one mode."""

    job: Job
    mode: Mode
    clicks: int
    keys: int
    seconds: float

    @classmethod
    def by(cls, walker: Walker, job: Job) -> "Walked":
        """As this walker walked it."""
        return cls(job, walker.mode, walker.clicks, walker.keys, walker.seconds)


def write(walked: list[Walked], path: Path) -> None:
    """The page, from all that was walked, in the jobs' order."""
    walked = sorted(walked, key=lambda one: JOBS.index(one.job))
    path.write_text(PARTS.format(head=HEAD, each=_each(walked), matrix=_matrix(walked)))


def _each(walked: list[Walked]) -> str:
    lines = ["| who | job | clicks | keys | seconds |", "| --- | --- | ---: | ---: | ---: |"]
    lines += [
        f"| {one.job.who} | {one.job.name} | {one.clicks} | {one.keys} | {one.seconds:.1f} |"
        for one in walked
        if one.mode is DESK or (one.job.keys_only and one.mode is KEYS)
    ]
    return "\n".join(lines) + "\n"


def _matrix(walked: list[Walked]) -> str:
    """A column for each mode: clicks or taps, keys where there were any, and the seconds."""
    told = {(one.job.id, one.mode.name): one for one in walked if one.job.on_call}
    jobs = list(dict.fromkeys(one.job.id for one in walked if one.job.on_call))
    names = {one.job.id: one.job.name for one in walked}
    head = ["job", *(_heading(mode) for mode in MATRIX)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * len(MATRIX)]
    for each in jobs:
        cells = [_cell(told.get((each, mode.name))) for mode in MATRIX]
        lines.append("| " + " | ".join([names[each], *cells]) + " |")
    return "\n".join(lines) + "\n"


def _heading(mode: Mode) -> str:
    if mode.by_keys:
        return f"keyboard alone, {mode.width} px"
    zoom = f" ({mode.name} zoom)" if mode.scale > 1 else ""
    return f"{mode.width} px{zoom}, {mode.theme}"


def _cell(one: Walked | None) -> str:
    if one is None:
        return "–"
    parts = [_counted(one.clicks, "tap" if one.mode.touch else "click"), _counted(one.keys, "key")]
    parts.append(f"{one.seconds:.1f} s")
    return ", ".join(part for part in parts if part)


def _counted(number: int, word: str) -> str:
    """`1 key`, `3 keys`, nothing for none."""
    return f"{number} {word}{'s' * (number != 1)}" if number else ""
