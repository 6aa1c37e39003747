"""Who is to die and who is to live, told to the stack by REST alone, as owners and people would tell it."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from benchmarks.stack.supervised import KEY

LIMIT_SECONDS, MARGIN_SECONDS = 3_600, 900  # a policy's age; too young is who will not reach it while we look
PROTECTED = 100
POLICY = {
    "name": "old", "enabled": True, "mode": "enforce", "action": "kill", "grace_seconds": 0,
    "orphan_when": {"older_than_seconds": LIMIT_SECONDS}, "match": {"states": ["running", "paused"]},
    "max_per_run": 20_000, "max_per_hour": 100_000, "max_fleet_fraction": 1.0,
}  # fmt: skip


@dataclass
class Fleet:
    """IDs. `orphans` may die; all others must live, and so must an orphan that an owner claims in time."""

    orphans: set[str]
    must_live: dict[str, set[str]]  # by what keeps them: leased, leased by metadata, protected, young
    user: str  # whose sandboxes are leased by their metadata


def divide(backend: httpx.Client, orphans: int) -> Fleet:
    """The simulator's own list, divided: the young, those that will be spoken for, and `orphans` others.

    Raises RuntimeError when there are too few old ones.
    """
    listed = _list(backend)
    ages = _ages(listed)
    users = {one["sandboxID"]: one.get("metadata", {}).get("userId") for one in listed}
    user = Counter(name for name in users.values() if name).most_common()[-1][0]
    of_user = {name for name in ages if users[name] == user}
    young = {name for name, age in ages.items() if age < LIMIT_SECONDS - MARGIN_SECONDS}
    old = sorted(name for name, age in ages.items() if age > LIMIT_SECONDS and name not in of_user)
    random.Random(1).shuffle(old)
    spoken_for = len(old) - orphans
    if spoken_for < 2 * PROTECTED:
        raise RuntimeError(f"{len(old)} old sandboxes are too few for {orphans} orphans: give the simulator more")
    almost_old = set(ages) - young - set(old) - of_user
    kept = {
        "protected": set(old[:PROTECTED]), "leased": set(old[PROTECTED:spoken_for]) | almost_old,
        "leased by metadata": of_user, "young": young - of_user,
    }  # fmt: skip
    return Fleet(set(old[spoken_for:]), kept, user)


def _list(backend: httpx.Client) -> list[dict[str, Any]]:
    found, token = [], ""
    while True:
        answer = backend.get("/v2/sandboxes", params={"nextToken": token} if token else {}).raise_for_status()
        found += answer.json()
        token = answer.headers.get("X-Next-Token", "")
        if not token:
            return found


def _ages(listed: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Seconds since the current or last run's start, by ID."""
    now = time.time()
    return {one["sandboxID"]: now - datetime.fromisoformat(one["startedAt"]).timestamp() for one in listed}


def old(backend: httpx.Client) -> set[str]:
    """Who is listed now and as old as the policy wants it: who has begun another run is no orphan any more."""
    return {name for name, age in _ages(_list(backend)).items() if age > LIMIT_SECONDS}


def alive(backend: httpx.Client) -> set[str]:
    """Who is listed now."""
    return {one["sandboxID"] for one in _list(backend)}


def speak_for(stack: httpx.Client, fleet: Fleet) -> None:
    """Leases by ID and by metadata, and protection."""
    leased = {"ttl_seconds": 3600, "match": {"ids": sorted(fleet.must_live["leased"])}}
    stack.put("/leases/owner", json=leased).raise_for_status()
    stack.put(
        "/leases/user", json={"ttl_seconds": 3600, "match": {"metadata": {"userId": fleet.user}}}
    ).raise_for_status()
    ids = sorted(fleet.must_live["protected"])
    wanted = {"action": "protect", "ids": ids, "expected_count": len(ids), "reason": "of a benchmark"}
    stack.post("/actions/bulk", json=wanted).raise_for_status()


def claim_late(stack: httpx.Client, ids: Sequence[str], number: int) -> set[str]:
    """An owner comes while the reaper is at work: which of `ids` it was told it may go on using."""
    answer = stack.put(f"/leases/late-{number}", json={"ttl_seconds": 3600, "match": {"ids": list(ids)}})
    if answer.status_code == 409:
        return set()
    return set(ids) - set(answer.raise_for_status().json()["condemned"])


def until(done: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits for `done`, looking twice a second; how long that took. Raises RuntimeError after `seconds`."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.5)
    return time.monotonic() - began


def backend_client(url: str) -> httpx.Client:
    """Asks the simulator itself, past the stack."""
    return httpx.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=60, trust_env=False)
