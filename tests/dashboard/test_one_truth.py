"""One source per figure: pages, the live picture, REST, `/metrics` and exports tell the same, and it is the truth.

A simulated fleet lives for half an hour of driven time; then all are asked at one moment, and each figure that several
tell is compared with every other, and with what the simulator knows.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from dashboard.live import figures as live_figures
from dashboard.live import snapshot
from dashboard.sandboxes import export
from dashboard.sandboxes.filters import query_of
from events import reconcile
from sandboxes.cleanup import policy_book
from sandboxes.metrics import polling
from sandboxes.models import Account, Policy
from sandboxes.policies import parse
from simulator import DEFAULT_API_KEY, samples
from simulator.options import Options
from tests.support import records
from tests.support.driven import Driven, driven

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox", "static_files")]
Figures = dict[str, Any]
HOUR_SECONDS, OLD_SECONDS = 3600, 1200
KILLED = "sandbox.lifecycle.killed"
SOURCES = ("truth", "page", "live", "REST", "metrics", "export")


@pytest.fixture(scope="module")
def options() -> Options:
    return Options(sandboxes=60, births_per_minute=4.0, past_hours=0.0, seed=5, api_key=DEFAULT_API_KEY)


@pytest.fixture
def world(options: Options) -> Iterator[Driven]:
    Policy.objects.all().delete()
    with driven(options) as made:
        old = {"name": "old", "mode": "dry_run", "action": "kill", "orphan_when": {"older_than_seconds": OLD_SECONDS}}
        policy_book.write(parse(old | {"enabled": True}))
        Account.objects.filter(pk=made.account.pk).update(owner_keys=["userId"])
        made.account.refresh_from_db()
        made.round()
        made.run(timedelta(minutes=30), timedelta(minutes=1))
        made.pass_time(timedelta(seconds=20))
        async_to_sync(reconcile.reconcile)(made.account)
        made.round()
        async_to_sync(polling.poll)(made.account)
        yield made


@pytest.fixture
def page(world: Driven, admin_client: Client) -> Callable[[str], Any]:
    """The context that a page was made of."""
    return lambda address: admin_client.get(address).context


def truth_of(world: Driven) -> Figures:
    """What the simulator itself knows, by our definitions of each figure."""
    now = world.simulator.now()
    with world.simulator.lock:
        alive = [one for one in world.simulator.fleet if one.alive]
        newest = {one.id: samples.latest(one, now) for one in alive if one.state == "running"}
        killed = world.simulator.journal.page(None, (KILLED,), oldest_first=False, offset=0, limit=10_000)
    cpu = sorted(one.cpu_used_pct for one in newest.values() if one)
    running = [one for one in alive if one.state == "running"]
    # Without timeouts: one that was paused once comes back from such a kill as paused, and may leave without a word.
    late = [one for one in killed if one.at > now - HOUR_SECONDS and (one.data or {}).get("kill_reason") != "timeout"]
    found: Figures = {
        "running": len(running), "paused": len(alive) - len(running), "alive": len(alive),
        "hot": sum(value >= live_figures.HOT_PCT for value in cpu),
        "no sample": sum(one is None for one in newest.values()),
        "ends within 5 min": sum(0 < one.end_at - now <= 300 for one in running),
        "cpu p50": _nearest(cpu, 50), "cpu p95": _nearest(cpu, 95), "cpu mean": round(sum(cpu) / len(cpu), 2),
    }  # fmt: skip
    return {
        **found,
        **_by("ended by", Counter(str(one.data["kill_reason"]) for one in late if one.data)),
        **_by("template", Counter(one.template.alias for one in alive)),
        **_by("owner", Counter(one.metadata["userId"] for one in alive if "userId" in one.metadata)),
    }


def _nearest(ordered: list[float], percent: int) -> float:
    return round(ordered[max(1, -(-len(ordered) * percent // 100)) - 1], 2)


def page_of(page: Callable[[str], Any]) -> Figures:
    """The Fleet page, the tabs and facets of Sandboxes, and Cost."""
    fleet, table, facets = page("/")["figures"], page("/sandboxes/"), page("/table/facets/")["facets"]
    tabs = {view.name: view.count for view in table["views"]}
    values = {title: {value.word: value.count for value in values} for title, values in facets}
    cost = page("/cost/?whole=true&range=24h")
    ended = dict(page("/table/facets/?state=ended&ended_since=1h")["facets"])
    return {
        **_of_fleet(fleet), "alive": tabs["All"], "hot": tabs["Hot, over 80%"], "ended in all": tabs["Ended"],
        "no sample": values["State"]["no sample"], "ends within 5 min": tabs["Ends within 5 min"],
        "past its end": tabs["Past its end"], "protected": tabs["Protected"],
        "cost of 24 h": round(float(cost["told"].total), 4),
        "of it orphans": round(float(cost["told"].orphan), 4),
        **{f"template {name}": n for name, n in values["Template"].items()},
        **{f"owner {name}": n for name, n in values["Owner"].items()},
        **{f"ended by {value.word}": value.count for value in ended["Reason"]},
    }  # fmt: skip


def _of_fleet(fleet: Any) -> Figures:
    return {
        "running": fleet.running, "paused": fleet.paused, "orphans": fleet.orphans,
        "started per minute": fleet.started_per_minute, "ended per minute": fleet.ended_per_minute,
        "cpu p50": fleet.cpu_pct.p50, "cpu p95": fleet.cpu_pct.p95, "cpu mean": fleet.cpu_pct.mean,
        "mem p50": fleet.mem_pct.p50, "mem p95": fleet.mem_pct.p95, "mem mean": fleet.mem_pct.mean,
        "burn": round(float(fleet.burn_usd_per_hour), 2), "burn of orphans": round(float(fleet.orphan_usd_per_hour), 2),
        **{f"ended by {why}": n for why, n in fleet.ended_by_reason.items()},
    }  # fmt: skip


def live_of(world: Driven) -> Figures:
    """What the socket sends: the picture that a process holds in memory."""
    fleet = snapshot.read()
    told = live_figures.counts(fleet, world.now().timestamp()) | live_figures.Usage().told(fleet)
    return {
        "running": told["running"], "paused": told["paused"], "orphans": told["orphans"], "hot": told["hot"],
        "alive": told["running"] + told["paused"], "ends within 5 min": told["soon"], "cpu p50": told["cpu_p50"],
        "cpu p95": told["cpu_p95"], "mem p50": told["mem_p50"], "mem p95": told["mem_p95"], "burn": told["burn"],
        "burn of orphans": told["orphan_burn"],
        "started per minute": told["started"], "ended per minute": told["ended"],
        **{f"ended by {why}": n for why, n in told["ended_by"].items()},
        **_by("template", Counter(cell.template for cell in fleet.cells.values())),
        **_by("owner", Counter(cell.owner for cell in fleet.cells.values() if cell.owner)),
    }  # fmt: skip


def _by(what: str, counted: Counter[str]) -> Figures:
    return {f"{what} {name}": n for name, n in counted.items()}


def rest_of(rest: Callable[..., Any], names: dict[str, list[str]]) -> Figures:
    """`GET /fleet`, totals of `GET /sandboxes` by filter, and `GET /cost`."""
    fleet = rest("/fleet")

    def total(**asked: Any) -> int:
        return int(rest("/sandboxes", limit=1, **asked)["total"])

    return {
        "running": fleet["running"], "paused": fleet["paused"], "orphans": fleet["orphans"],
        "started per minute": fleet["started_per_minute"], "ended per minute": fleet["ended_per_minute"],
        "cpu p50": fleet["cpu_pct"]["p50"], "cpu p95": fleet["cpu_pct"]["p95"], "cpu mean": fleet["cpu_pct"]["mean"],
        "mem p50": fleet["mem_pct"]["p50"], "mem p95": fleet["mem_pct"]["p95"], "mem mean": fleet["mem_pct"]["mean"],
        "burn": round(fleet["burn_usd_per_hour"], 2), "burn of orphans": round(fleet["orphan_usd_per_hour"], 2),
        "alive": total(), "hot": total(cpu_min=80), "no sample": total(no_sample="true"),
        "ends within 5 min": total(ends_within=300), "past its end": total(past_end=60),
        "ended in all": total(state="ended"),
        "protected": total(protected="true"),
        **{f"template {name}": total(template=name) for name in names["template"]},
        **{f"owner {name}": total(owner=name) for name in names["owner"]},
        **{f"ended by {why}": n for why, n in fleet["ended_by_reason"].items()},
    }  # fmt: skip


def metrics_of(text: str) -> Figures:
    """What Prometheus scrapes."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name.removeprefix("sandwarden_")] = float(value)
    told: Figures = {state: found[f'sandboxes{{account="prod",state="{state}"}}'] for state in ("running", "paused")}
    for what in ("started_per_minute", "ended_per_minute", "orphans"):
        told[what.replace("_", " ")] = found[f'{what}{{account="prod"}}']
    for what, statistic in ((a, b) for a in ("cpu", "mem") for b in ("p50", "p95", "mean")):
        told[f"{what} {statistic}"] = found[f'{what}_pct{{account="prod",statistic="{statistic}"}}']
    told["burn"] = round(found['burn_usd_per_hour{account="prod"}'], 2)
    told["burn of orphans"] = round(found['orphan_usd_per_hour{account="prod"}'], 2)
    reasons = 'ended_last_hour{account="prod",reason="'
    return told | {f"ended by {k.removeprefix(reasons)[:-2]}": n for k, n in found.items() if k.startswith(reasons)}


def export_of(world: Driven) -> Figures:
    """The two files of the Sandboxes page: the living as CSV, the ended as JSON."""

    async def whole(chunks: Any) -> bytes:
        return b"".join([chunk async for chunk in chunks])

    now = world.now()
    text = async_to_sync(whole)(export.csv_of(query_of({}, now), now)).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    ended = json.loads(async_to_sync(whole)(export.json_of(query_of({"state": "ended"}, now), now)))["items"]
    running = [row for row in rows if row["state"] == "running"]
    cpu = sorted(float(row["cpu_pct"]) for row in running if row["cpu_pct"])
    orphans = [row for row in rows if row["orphan"] not in {"", "none"}]
    return {
        "alive": len(rows), "running": len(running), "paused": sum(row["state"] == "paused" for row in rows),
        "hot": sum(value >= live_figures.HOT_PCT for value in cpu),
        "cpu p50": _nearest(cpu, 50), "cpu p95": _nearest(cpu, 95),
        "no sample": sum(not row["cpu_pct"] for row in running), "ended in all": len(ended), "orphans": len(orphans),
        "burn": round(sum(float(row["burn_usd_per_hour"]) for row in rows), 2),
        **_by("template", Counter(row["template_name"] or row["template_id"] for row in rows)),
        **_by("owner", Counter(row["owner"] for row in rows if row["owner"])),
    }  # fmt: skip


def test_forty_figures_are_the_same_wherever_they_are_told(
    world: Driven, page: Callable[[str], Any], client: Client
) -> None:
    token = {"Authorization": f"Bearer {records.token()}"}

    def rest(path: str, **asked: Any) -> Any:
        answer = client.get(f"/api/v1{path}", query_params=asked, headers=token)
        assert answer.status_code == 200, answer.content
        return answer.json()

    truth, shown = truth_of(world), page_of(page)
    names = {
        what: [name.partition(" ")[2] for name in truth if name.startswith(f"{what} ")]
        for what in ("template", "owner")
    }
    told = {
        "truth": truth, "page": shown, "live": live_of(world), "REST": rest_of(rest, names),
        "metrics": metrics_of(client.get("/metrics", headers=token).content.decode()), "export": export_of(world),
    }  # fmt: skip
    by_figure: dict[str, dict[str, Any]] = defaultdict(dict)
    for source in SOURCES:
        for figure, value in told[source].items():
            by_figure[figure][source] = value
    compared = {figure: values for figure, values in by_figure.items() if len(values) > 1}
    print(table(compared))
    differ = {figure: values for figure, values in compared.items() if not _agree(values.values())}
    assert differ == {}
    assert len(compared) >= 40
    assert sum("truth" in values for values in compared.values()) >= 20


def _agree(values: Any) -> bool:
    """To a hundredth: rates are means that pages round to a tenth."""
    numbers = [float(value) for value in values]
    return max(numbers) - min(numbers) <= 0.051


def table(compared: dict[str, dict[str, Any]]) -> str:
    """For the eye: `pytest -s`."""
    lines = [f"{figure:24}" + "".join(f"{values.get(source, '–')!s:>12}" for source in SOURCES)
             for figure, values in sorted(compared.items())]  # fmt: skip
    return "\n".join(["", " " * 24 + "".join(f"{source:>12}" for source in SOURCES), *lines])
