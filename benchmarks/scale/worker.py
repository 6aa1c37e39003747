"""`python -m benchmarks.scale.worker NUMBER OF`: polls every OF-th part, a tick for each line it is told.

Answers each line with one of JSON: seconds of the clock, of CPU, and its memory. Its parts go one after the other, as
the task of a Celery worker does; `bare` in place of `poll` makes the same calls and throws the answers away.
"""

import json
import sys

import django
import uvloop

django.setup()

from benchmarks.poll import cycles
from benchmarks.poll.cycles import Cycle
from sandboxes.metrics import polling


def main(number: int, of: int) -> None:
    """Until standard input ends."""
    all_parts = polling.due()
    parts = all_parts[number::of]
    ids = {part: asked for part, asked in cycles.ids_of(all_parts).items() if part in parts}
    print(json.dumps({"parts": len(parts), "sandboxes": sum(map(len, ids.values()))}), flush=True)
    for line in sys.stdin:
        done = []
        for part in parts:
            one = cycles.poll([part]) if line.strip() == "poll" else cycles.fetch({part: ids[part]})
            done.append(uvloop.run(one))
        total = Cycle(sum(one.wall_s for one in done), sum(one.cpu_s for one in done))
        told = {"wall_s": total.wall_s, "cpu_s": total.cpu_s, "rss_mb": cycles.resident_mb()}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
