"""How many deliveries a second the receiver stores, beside a bare app and a plain Django view in the same run.

`make bench-ingest`; wrk (Debian's) is the load. The last line is one JSON object.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.ingest import bodies
from benchmarks.ingest.servers import PLAIN, load, serving, uvicorn
from runner.embedded import both

SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
CONNECTIONS = 64
COUNT = 20_000 * SECONDS


def main() -> None:
    """Servers, data, the three loads, the counts."""
    _need_wrk()
    home = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    try:
        with both(home, durable=True) as addresses:
            os.environ.update(addresses, DATA_DIR=str(home), DJANGO_SETTINGS_MODULE="config.settings")
            _prepare()
            lines = home / "bodies"
            bodies.write(lines, COUNT)
            print(json.dumps(_measure(lines)))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(lines: Path) -> dict[str, Any]:
    bare = _load("bare ASGI app", uvicorn("benchmarks.ingest.bare:app"), lines)
    ours = _load("the receiver", uvicorn("config.asgi:application"), lines)
    counts = _counts(ours)
    plain = []
    for name, command in PLAIN.items():
        _forget()
        plain.append(_load(f"Django view, {name}", command, lines))
    django = max(found["per_s"] for found in plain)
    return {
        "events_per_s": round(ours["per_s"]),
        "p50_ms": ours["p50_ms"],
        "p99_ms": ours["p99_ms"],
        "bare_per_s": round(bare["per_s"]),
        "django_per_s": round(django),
        "ratio_to_bare": round(ours["per_s"] / bare["per_s"], 3),
        "ratio_to_django": round(ours["per_s"] / django, 2),
        **counts,
    }


def _load(name: str, command: list[str], lines: Path) -> dict[str, Any]:
    with serving(command) as url:
        found = load(url, lines, seconds=SECONDS, connections=CONNECTIONS)
    print(f"{name}: {json.dumps(found)}", file=sys.stderr)
    if found["bad"] or found["broken"]:
        print(f"{name}: {found['bad']} answers were not 2xx, {found['broken']} broke", file=sys.stderr)
    return found


def _prepare() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from sandboxes.models import Account, AccountHealth

    account = Account.objects.create(pk=1, name="bench", url="http://127.0.0.1:9", webhook_secret=bodies.SECRET)
    AccountHealth.objects.create(account=account)


def _counts(ours: dict[str, Any]) -> dict[str, int]:
    """Every 202 must be in the record, nothing twice. What was under way when the load ended may be there too."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) - count(DISTINCT event_id) FROM events_lifecycleevent")
        stored, twice = cursor.fetchone()
    answered = min(ours["requests"] - ours["bad"], COUNT)
    return {"stored": stored, "lost": max(0, answered - stored), "duplicates_kept": twice}


def _forget() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE events_lifecycleevent")
    connection.close()


def _need_wrk() -> None:
    if shutil.which("wrk") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "wrk"], check=True, stdout=subprocess.DEVNULL)
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")


if __name__ == "__main__":
    main()
