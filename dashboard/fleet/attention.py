"""What needs somebody now, as sentences: soonest first, bold only on the number that matters. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.ui import formats

NEAR_CAP = 0.8
ROUNDS = {
    "sync": "List sync", "poll": "Polling", "reconcile": "Reconcile", "webhook": "Webhook upkeep",
    "backfill": "History backfill", "causes": "Cause analysis", "act": "Sending actions",
    "answers": "Recording of action results", "facts": "Policy evaluation",
    "judge": "Policy evaluation", "reap": "Final check", "namesakes": "Shared ID check",
}  # fmt: skip
HALF, SOON_SECONDS = 0.5, 3600  # over half full, and full within an hour at this pace
SILENT_WEBHOOK_SECONDS = 360


@dataclass(frozen=True)
class Need:
    """A sentence whose parts are plain or bold, its cause or cost, and where to act; `urgency` sorts, 0 first."""

    mark: str
    parts: Sequence[tuple[str, bool]]
    cause: str
    link: str
    label: str
    urgency: int


@dataclass(frozen=True)
class Facts:
    """What is asked of the fleet; counts over the accounts in sight, money in USD an hour."""

    now: datetime
    running: int = 0
    cap: int | None = None
    started_per_minute: float = 0
    ended_per_minute: float = 0
    orphans: int = 0
    orphan_usd_per_hour: float = 0
    orphan_where: str = ""
    first_act_at: datetime | None = None
    over_memory: int = 0
    over_memory_where: str = ""
    no_sample: int = 0
    no_metrics: Sequence[str] = field(default=())  # accounts whose backend keeps none
    no_sample_where: str = ""
    stale_since: datetime | None = None
    poll_error: str = ""
    unlisted: Sequence[tuple[str, datetime | None, str]] = field(default=())  # account, last whole list, why
    rounds_failing: Sequence[tuple[str, str, datetime, str]] = field(default=())  # account, round, since, why
    polls_slow: Sequence[tuple[str, float, float]] = field(default=())  # account, seconds, interval
    webhooks_silent: Sequence[tuple[str, datetime]] = field(default=())  # account, last delivery
    webhooks_locked: Sequence[str] = field(default=())  # accounts whose webhook secret can't be decrypted
    breakers: Sequence[tuple[str, str]] = field(default=())  # policy, why
    brakes: Sequence[tuple[str, str]] = field(default=())  # account, why
    list_doubts: Sequence[tuple[str, str, int, str]] = field(default=())  # account, what, how often, example
    same_fleets: Sequence[tuple[str, str]] = field(default=())  # account, the one that counts for both
    failed_actions: int = 0
    disk_free: int | None = None  # bytes, where little is left
    from_the_future: Sequence[tuple[str, int]] = field(default=())  # account, events


def needs(facts: Facts) -> list[Need]:
    """All that is true of these facts, most urgent first; an empty list means all is well."""
    found = [
        _poll(facts), *_lists(facts), *_rounds(facts), _orphans(facts), _memory(facts), _cap(facts), _silence(facts),
        _failed(facts), *_breakers(facts), *_brakes(facts), *_locked(facts), *_webhooks(facts), *_slow(facts),
        *_doubts(facts), *_no_metrics(facts), *_same(facts),
        _disk(facts), *_future(facts),
    ]  # fmt: skip
    return sorted((need for need in found if need), key=lambda need: need.urgency)


def round_name(name: str) -> str:
    """A round of an account as a reader knows it: "poll part 1 of 4" is "Polling part 1 of 4"."""
    first, _, unit = name.partition(" ")
    return f"{ROUNDS.get(first, first)} {unit}".rstrip()


def _poll(facts: Facts) -> Need | None:
    if facts.stale_since is None:
        return None
    seconds = (facts.now - facts.stale_since).total_seconds()
    parts = [("No poll for ", False), (formats.span(seconds), True)]
    if seconds < 0:
        parts = [("The last poll is dated ", False), (formats.span(-seconds), True), (" ahead of our clock", False)]
    return Need("bad", parts, facts.poll_error or "data as of then", "/api/v1/health", "See health", 0)


def _lists(facts: Facts) -> list[Need]:
    """Without E2B's list nothing new is seen: a wrong key must not look like an empty fleet."""
    found = []
    for account, since, why in facts.unlisted:
        parts = [("E2B's list has never been read", True)]
        if since is not None:
            seconds = (facts.now - since).total_seconds()
            parts = [("E2B's list could not be read for ", False), (formats.span(seconds), True)]
            if seconds < 0:
                parts = [
                    ("E2B's list is dated ", False),
                    (formats.span(-seconds), True),
                    (" ahead of our clock", False),
                ]
        found.append(Need("bad", parts, f"{account}; {why}", f"/settings/account/?account={account}", "See account", 0))
    return found


def _rounds(facts: Facts) -> list[Need]:
    """What fails for one account is that account's alone, so nothing else tells of it."""
    return [
        Need(
            "bad",
            [
                (f"{round_name(name)} is failing for ", False), (account, True),
                (f", since {formats.span((facts.now - since).total_seconds())}", False),
            ],
            why, f"/settings/account/?account={account}", "See account", 1,
        )
        for account, name, since, why in facts.rounds_failing
    ]  # fmt: skip


def _orphans(facts: Facts) -> Need | None:
    if not facts.orphans:
        return None
    parts = [(formats.plural(facts.orphans, "orphan"), True)]
    if facts.orphan_where:
        parts.append((f" in {facts.orphan_where}", False))
    if facts.first_act_at:
        left = formats.exact_span((facts.first_act_at - facts.now).total_seconds())
        parts += [(", first action in ", False), (left, True)]
    cost = f"{formats.usd(facts.orphan_usd_per_hour)}/h"
    cause = f"{cost}, in grace" if facts.first_act_at else f"{cost}; dry run, no action taken"
    return Need("orph", parts, cause, "/sandboxes/?orphan=true", f"Review {facts.orphans:,}", 1)


def _memory(facts: Facts) -> Need | None:
    if not facts.over_memory:
        return None
    parts = [
        (formats.plural(facts.over_memory, "sandbox", "sandboxes"), True),
        (" over ", False),
        ("95% memory", True),
    ]
    link = "/sandboxes/?mem_min=95&state=running"
    return Need("bad", parts, facts.over_memory_where, link, f"Open {facts.over_memory:,}", 2)


def _cap(facts: Facts) -> Need | None:
    if not facts.cap:
        return None
    growth = facts.started_per_minute - facts.ended_per_minute
    full_in = max(0.0, (facts.cap - facts.running) / growth * 60) if growth > 0 else None
    soon = full_in is not None and full_in < SOON_SECONDS and facts.running >= facts.cap * HALF
    if facts.running < facts.cap * NEAR_CAP and not soon:
        return None
    parts = [(f"{facts.running:,} of {facts.cap:,}", True), (" running concurrently", False)]
    if full_in:
        parts[1:] = [(", full in about ", False), (formats.span(full_in), True)]
    started, ended = formats.whole(facts.started_per_minute), formats.whole(facts.ended_per_minute)
    cause = f"{started} started and {ended} ended per minute"
    return Need("warn", parts, cause, "/sandboxes/?order=started_at", "See oldest", 3)


def _silence(facts: Facts) -> Need | None:
    if not facts.no_sample:
        return None
    parts = [(formats.plural(facts.no_sample, "sandbox", "sandboxes"), True), (" have not reported metrics yet", False)]
    where = f"{facts.no_sample_where}; " if facts.no_sample_where else ""
    cause = f"{where}listed as running by E2B"
    return Need("stale", parts, cause, "/sandboxes/?no_sample=true&state=running", f"Open {facts.no_sample:,}", 5)


def _no_metrics(facts: Facts) -> list[Need]:
    return [
        Need("stale", [(account, True), ("'s backend has no metrics endpoint", False)],
             "CPU and memory are unknown there; on self-hosted E2B they start with its collector",
             f"/settings/account/?account={account}", "See account", 6)
        for account in facts.no_metrics
    ]  # fmt: skip


def _disk(facts: Facts) -> Need | None:
    if facts.disk_free is None:
        return None
    parts = [("Disk almost full: ", False), (formats.size(facts.disk_free), True), (" left", False)]
    return Need("bad", parts, "free space in DATA_DIR, or shorten the retention", "/settings/system/", "See disk", 0)


def _future(facts: Facts) -> list[Need]:
    return [
        Need("warn", [(formats.plural(count, "event"), True), (" dated in the future", False)],
             f"{account}; dated by arrival instead; check the backend's clock",
             "/events/", "See events", 6)
        for account, count in facts.from_the_future
    ]  # fmt: skip


def _failed(facts: Facts) -> Need | None:
    if not facts.failed_actions:
        return None
    parts = [(formats.plural(facts.failed_actions, "action"), True), (" failed in the last hour", False)]
    return Need(
        "warn", parts, "see the audit trail for reasons", "/cleanup/?state=failed", f"Open {facts.failed_actions:,}", 4
    )


def _brakes(facts: Facts) -> list[Need]:
    return [
        Need("bad", [("The safety limit of ", False), (account, True), (" tripped: its policies are suspended", False)],
             why, f"/settings/account/?account={account}", "See account", 1)
        for account, why in facts.brakes
    ]  # fmt: skip


def _doubts(facts: Facts) -> list[Need]:
    return [
        Need("warn", [(f"{count:,} × ", True), (what, True), (" in the list can't be read", False)],
             f"{account}; for example {example}", f"/settings/account/?account={account}", "See account", 6)
        for account, what, count, example in facts.list_doubts
    ]  # fmt: skip


def _same(facts: Facts) -> list[Need]:
    return [
        Need("warn", [(account, True), (" lists the same sandboxes as ", False), (lead, True)],
             "two accounts of one project: sandboxes are polled, judged and counted once, under the latter",
             f"/settings/account/?account={account}", "See account", 4)
        for account, lead in facts.same_fleets
    ]  # fmt: skip


def _breakers(facts: Facts) -> list[Need]:
    return [
        Need("bad", [("The safety stop of ", False), (policy, True), (" tripped", False)], why,
             "/cleanup/", "See policy", 1)
        for policy, why in facts.breakers
    ]  # fmt: skip


def _locked(facts: Facts) -> list[Need]:
    parts = [("The webhook secret can't be decrypted", True)]
    cause = "deliveries are answered 503; enter the secret again"
    return [
        Need("bad", parts, f"{account}; {cause}", f"/settings/?account={account}", "See webhook", 1)
        for account in facts.webhooks_locked
    ]


def _webhooks(facts: Facts) -> list[Need]:
    return [
        Need(
            "note",
            [("No webhook deliveries for ", False), (formats.span((facts.now - last).total_seconds()), True)],
            f"{account}; events are fetched through the API meanwhile, none are lost",
            "/api/v1/health",
            "See health",
            6,
        )
        for account, last in facts.webhooks_silent
    ]


def _slow(facts: Facts) -> list[Need]:
    return [
        Need(
            "note",
            [
                ("A poll takes ", False),
                (f"{formats.fixed(seconds, 1)} s", True),
                (f", longer than the {interval:g} s interval", False),
            ],
            f"{account}; samples arrive at that rate",
            "/api/v1/health",
            "See health",
            7,
        )
        for account, seconds, interval in facts.polls_slow
    ]
