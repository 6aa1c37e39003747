"""Signed deliveries as E2B sends them, one a line, for the load process to send."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from events.signature import sign

SECRET = "a-secret-of-the-benchmark"
LIFE = ("created", "updated", "updated", "paused", "resumed", "killed")


def write(path: Path, count: int, seed: int = 1) -> None:
    """`count` different events of sandboxes that live side by side, each line `signature body`."""
    rng = random.Random(seed)
    start = datetime.now(UTC) - timedelta(hours=1)
    with path.open("w") as out:
        for number in range(count):
            body = json.dumps(_event(rng, number, start)).encode()
            out.write(f"{sign(SECRET, body)} {body.decode()}\n")


def _event(rng: random.Random, number: int, start: datetime) -> dict[str, object]:
    """The lives of 500 sandboxes at a time are woven together."""
    block, within = divmod(number, 500 * len(LIFE))
    step, lane = divmod(within, 500)
    word, sandbox = LIFE[step], f"i{block:06d}{lane:03d}".ljust(21, "x")
    at = start + timedelta(milliseconds=number)
    data: dict[str, object] = {"sandbox_metadata": {"userId": f"u_{lane}", "env": rng.choice(["prod", "dev"])}}
    if word == "updated":
        data["set_timeout"] = (at + timedelta(minutes=5)).isoformat()
    if word in {"paused", "killed"}:
        data["execution"] = {
            "started_at": (at - timedelta(seconds=3)).isoformat(),
            "vcpu_count": 2,
            "memory_mb": 512,
            "execution_time": 3000,
        }
    if word == "killed":
        data["kill_reason"] = "request"
    run = uuid.UUID(int=(block << 20) + lane * 2 + (step >= LIFE.index("resumed")))
    return {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "version": "v2",
        "type": f"sandbox.lifecycle.{word}",
        "timestamp": at.isoformat(),
        "event_category": "lifecycle",
        "event_label": word,
        "event_data": data,
        "sandbox_id": sandbox,
        "sandbox_execution_id": str(run),
        "sandbox_template_id": "benchtemplate00000000",
        "sandbox_build_id": str(run),
        "sandbox_team_id": str(run),
    }
