"""How fast and how surely ten thousand orphans are reaped, counted by the backend that was asked.

`make bench-reap`. The stack runs as `make run` starts it, told everything by REST; the simulator, in a process of its
own and with E2B's rate limit, writes down each request. ORPHANS (10,000) run for more than an hour and are nobody's;
beside them stand sandboxes that must live: leased by ID and by metadata, protected, too young; and while the reaper is
at work owners come and lease some of the orphans, which must live too where the answer did not call them condemned.
The last line is one JSON object. `seconds` from the first look to the last DELETE, by the backend's clock;
`calls_per_kill` is the looks before and the DELETEs, for each kill.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.reap import calls, fleet
from benchmarks.reap.fleet import Fleet
from benchmarks.reap.stack import backend, stack
from benchmarks.stack.standing import folder
from benchmarks.stack.supervised import free_port

ORPHANS = int(os.environ.get("ORPHANS", "10000"))
OTHERS = 0.2  # so many more there are, and 300: some are too young, some will be spoken for
LATE_AT_ONCE, LATE_TIMES, LOOK_SECONDS = 10, 10, 3.0
MOST_SECONDS = 1_200.0


def main() -> None:
    """Stack and backend, the fleet divided, reaped, counted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped all the same
    port = free_port()
    with (
        folder() as home,
        backend(int(ORPHANS * (1 + OTHERS)) + 300, port, home / "requests") as url,
        stack(home / "stack", port, url) as rest,
        fleet.backend_client(url) as asked,
    ):
        found = reap(rest, asked, home / "requests")
    print(json.dumps(found))


def reap(rest: httpx.Client, asked: httpx.Client, log: Path) -> dict[str, Any]:
    """The figures of the issue, and beside them what was spared and how it was confirmed."""
    divided = fleet.divide(asked, ORPHANS)
    everything = len(divided.orphans) + sum(map(len, divided.must_live.values()))
    _say(f"{len(divided.orphans)} orphans; to live: { {why: len(ids) for why, ids in divided.must_live.items()} }")
    fleet.until(lambda: _listed(rest) >= everything, MOST_SECONDS, "the whole fleet on record")
    fleet.speak_for(rest, divided)
    began = time.time()
    rest.post("/policies", json=fleet.POLICY).raise_for_status()
    policy = rest.get("/policies").json()["items"]
    number = next(one["id"] for one in policy if one["name"] == fleet.POLICY["name"])
    rest.post(f"/policies/{number}/run").raise_for_status()
    claimed = _while_owners_come(rest, asked, divided)
    told = _until_confirmed(rest)
    counted = calls.count(calls.read(log, began), set().union(*divided.must_live.values()), claimed)
    _check_the_living(asked, divided, claimed)
    seconds = counted.last_kill_at - counted.first_at
    _say(json.dumps({
        "from_policy_to_first_look_s": round(counted.first_at - began, 1), "confirmed_s": round(told - began, 1),
        "claimed_late": len(claimed), "looks_at_spared": counted.looks_at_spared, "deletes": counted.deletes,
        "refused_429": counted.refused_429, "most_calls_in_30_s": counted.most_in_window,
    }))  # fmt: skip
    return {
        "orphans": counted.kills, "seconds": round(seconds, 1),
        "calls_per_kill": round((counted.looks + counted.deletes) / max(1, counted.kills), 3),
        "double_kills": counted.double_kills, "wrong_kills": counted.wrong_kills,
        "confirming_looks_per_kill": round(counted.confirming / max(1, counted.kills), 3),
        "kills_per_second": round(counted.kills / max(seconds, 0.1), 1),
    }  # fmt: skip


def _while_owners_come(rest: httpx.Client, asked: httpx.Client, divided: Fleet) -> dict[str, float]:
    """Until every orphan that nobody claimed is gone; who was claimed, and when the owner had its answer."""
    claimed: dict[str, float] = {}
    wanted = sorted(divided.orphans)
    end = time.monotonic() + MOST_SECONDS
    number = 0
    while left := (fleet.old(asked) & divided.orphans) - set(claimed):
        if time.monotonic() > end:
            raise RuntimeError(f"{len(left)} orphans are not gone after {MOST_SECONDS:.0f} s")
        number += 1
        named = [name for name in wanted[number::97] if name in left][:LATE_AT_ONCE]
        if named and number <= LATE_TIMES:
            theirs = fleet.claim_late(rest, named, number)
            claimed |= dict.fromkeys(theirs, time.time())
        time.sleep(LOOK_SECONDS)  # a whole list is a hundred calls: seldom, so that it is not what is measured
    return claimed


def _until_confirmed(rest: httpx.Client) -> float:
    """When nothing is open any more, Unix seconds."""

    def over() -> bool:
        answers = rest.get("/actions", params={"state": "grace,queued,sent,done", "limit": 1}).json()
        return bool(answers["total"] == 0)

    fleet.until(over, MOST_SECONDS, "every kill confirmed")
    return time.time()


def _check_the_living(asked: httpx.Client, divided: Fleet, claimed: dict[str, float]) -> None:
    """Whoever was to live does; the backend may have ended some by itself, at their end, which is not ours."""
    living = fleet.alive(asked)
    for why, names in (*divided.must_live.items(), ("claimed late", set(claimed))):
        _say(f"{why}: {len(names & living)} of {len(names)} live")


def _listed(rest: httpx.Client) -> int:
    return int(rest.get("/sandboxes", params={"limit": 1}).json()["total"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
