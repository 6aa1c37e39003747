"""What needs somebody now, as sentences: soonest first, bold only on the number that matters. Pure."""

from dashboard.fleet.attention_shapes import Facts, Need
from dashboard.fleet.attention_words import events, open_some, parts_of, round_name, sandboxes
from dashboard.ui import formats
from dashboard.ui.translation import gettext as _
from dashboard.ui.translation import ngettext
from sandboxes.e2b.doubts import UNLISTED

NEAR_CAP = 0.8
HALF, SOON_SECONDS = 0.5, 3600  # over half full, and full within an hour at this pace


def needs(facts: Facts) -> list[Need]:
    """All that is true of these facts, most urgent first; an empty list means all is well."""
    found = [
        _poll(facts), *_lists(facts), *_rounds(facts), _orphans(facts), _memory(facts), _cap(facts), _silence(facts),
        _failed(facts), *_breakers(facts), *_brakes(facts), *_locked(facts), *_webhooks(facts), *_slow(facts),
        *_doubts(facts), *_no_metrics(facts), *_same(facts),
        _disk(facts), *_future(facts),
    ]  # fmt: skip
    return sorted((need for need in found if need), key=lambda need: need.urgency)


def _poll(facts: Facts) -> Need | None:
    if facts.stale_since is None:
        return None
    seconds = (facts.now - facts.stale_since).total_seconds()
    parts = parts_of(_("No poll for %(span)s"), span=formats.span(seconds))
    if seconds < 0:
        parts = parts_of(_("The last poll is dated %(span)s ahead of our clock"), span=formats.span(-seconds))
    return Need("bad", parts, facts.poll_error or _("data as of then"), "/settings/system/", _("See system"), 0)


def _lists(facts: Facts) -> list[Need]:
    """Without E2B's list nothing new is seen: a wrong key must not look like an empty fleet."""
    found = []
    for account, since, why in facts.unlisted:
        parts = parts_of(_("E2B's list has never been read"))
        if since is not None:
            seconds = (facts.now - since).total_seconds()
            parts = parts_of(_("E2B's list could not be read for %(span)s"), span=formats.span(seconds))
            if seconds < 0:
                parts = parts_of(_("E2B's list is dated %(span)s ahead of our clock"), span=formats.span(-seconds))
        found.append(
            Need("bad", parts, f"{account}; {why}", f"/settings/account/?account={account}", _("See account"), 0)
        )
    return found


def _rounds(facts: Facts) -> list[Need]:
    """What fails for one account is that account's alone, so nothing else tells of it."""
    found = []
    for account, name, since, why in facts.rounds_failing:
        told = {"round": round_name(name), "span": formats.span((facts.now - since).total_seconds())}
        parts = parts_of(_("%(round)s is failing for %(account)s, since %(span)s"), told, account=account)
        found.append(Need("bad", parts, why, f"/settings/account/?account={account}", _("See account"), 1))
    return found


def _orphans(facts: Facts) -> Need | None:
    if not facts.orphans:
        return None
    count = ngettext("%(n)s orphan", "%(n)s orphans", facts.orphans) % {"n": f"{facts.orphans:,}"}
    parts = parts_of(count)
    if facts.orphan_where:
        parts.append((_(" in %(templates)s") % {"templates": facts.orphan_where}, False))
    if facts.first_act_at:
        parts.append((_(", first action "), False))
    cost = f"{formats.usd(facts.orphan_usd_per_hour)}/h"
    cause = _("%(cost)s; dry run, no action taken") % {"cost": cost}
    if facts.in_grace:
        dry = facts.orphans - facts.in_grace
        told = {"cost": cost, "n": f"{facts.in_grace:,}", "dry": f"{dry:,}"}
        cause = (_("%(cost)s; %(n)s in grace, %(dry)s not acted on") if dry > 0 else _("%(cost)s, in grace")) % told
    label = _("Review %(n)s") % {"n": f"{facts.orphans:,}"}
    return Need("orph", parts, cause, "/sandboxes/?orphan=true", label, 1, due=facts.first_act_at)


def _memory(facts: Facts) -> Need | None:
    if not facts.over_memory:
        return None
    parts = parts_of(_("%(sandboxes)s over %(limit)s"), sandboxes=sandboxes(facts.over_memory), limit=_("95% memory"))
    link = "/sandboxes/?mem_min=95&state=running"
    return Need("bad", parts, facts.over_memory_where, link, open_some(facts.over_memory), 2)


def _cap(facts: Facts) -> Need | None:
    if not facts.cap:
        return None
    growth = facts.started_per_minute - facts.ended_per_minute
    full_in = max(0.0, (facts.cap - facts.running) / growth * 60) if growth > 0 else None
    soon = full_in is not None and full_in < SOON_SECONDS and facts.running >= facts.cap * HALF
    if facts.running < facts.cap * NEAR_CAP and not soon:
        return None
    share = _("%(running)s of %(cap)s") % {"running": f"{facts.running:,}", "cap": f"{facts.cap:,}"}
    parts = parts_of(_("%(share)s running concurrently"), share=share)
    if full_in:
        parts = parts_of(_("%(share)s, full in about %(span)s"), share=share, span=formats.span(full_in))
    started, ended = formats.whole(facts.started_per_minute), formats.whole(facts.ended_per_minute)
    cause = _("%(started)s started and %(ended)s ended per minute") % {"started": started, "ended": ended}
    return Need("warn", parts, cause, "/sandboxes/?order=started_at", _("See oldest"), 3)


def _silence(facts: Facts) -> Need | None:
    if not facts.no_sample:
        return None
    parts = parts_of(_("%(sandboxes)s have not reported metrics yet"), sandboxes=sandboxes(facts.no_sample))
    where = f"{facts.no_sample_where}; " if facts.no_sample_where else ""
    cause = where + _("listed as running by E2B")
    return Need("stale", parts, cause, "/sandboxes/?no_sample=true&state=running", open_some(facts.no_sample), 5)


def _no_metrics(facts: Facts) -> list[Need]:
    return [
        Need("stale", parts_of(_("%(account)s's backend has no metrics endpoint"), account=account),
             _("CPU and memory are unknown there; on self-hosted E2B they start with its collector"),
             f"/settings/account/?account={account}", _("See account"), 6)
        for account in facts.no_metrics
    ] + [
        Need("stale", parts_of(_("%(account)s's backend answers, but with no samples"), account=account),
             _("CPU and memory are unknown there; on self-hosted E2B look at its collector"),
             f"/settings/account/?account={account}", _("See account"), 6)
        for account in facts.empty_metrics
    ]  # fmt: skip


def _disk(facts: Facts) -> Need | None:
    if facts.disk_free is None:
        return None
    parts = parts_of(_("Disk almost full: %(size)s left"), size=formats.size(facts.disk_free))
    return Need(
        "bad", parts, _("free space in DATA_DIR, or shorten the retention"), "/settings/system/", _("See disk"), 0
    )


def _future(facts: Facts) -> list[Need]:
    return [
        Need("warn", parts_of(_("%(events)s dated in the future"), events=events(count)),
             _("%(account)s; dated by arrival instead; check the backend's clock") % {"account": account},
             "/events/", _("See events"), 6)
        for account, count in facts.from_the_future
    ]  # fmt: skip


def _failed(facts: Facts) -> Need | None:
    if not facts.failed_actions:
        return None
    count = ngettext("%(n)s action", "%(n)s actions", facts.failed_actions) % {"n": f"{facts.failed_actions:,}"}
    parts = parts_of(_("%(actions)s failed in the last hour"), actions=count)
    return Need(
        "warn",
        parts,
        _("see the audit trail for reasons"),
        "/cleanup/?state=failed",
        open_some(facts.failed_actions),
        4,
    )


def _brakes(facts: Facts) -> list[Need]:
    return [
        Need("bad", parts_of(_("The safety limit of %(account)s tripped: its policies are suspended"), account=account),
             why, f"/settings/account/?account={account}", _("See account"), 1)
        for account, why in facts.brakes
    ]  # fmt: skip


def _doubts(facts: Facts) -> list[Need]:
    """What of a list could not be read, can't be true, or is not in it though the backend has it."""
    example_of = _("%(account)s; for example %(example)s")
    return [
        Need("warn", _doubt(what, count),
             example_of % {"account": account, "example": example}, f"/settings/account/?account={account}",
             _("See account"), 6)
        for account, what, count, example in facts.list_doubts
    ]  # fmt: skip


def _doubt(what: str, count: int) -> list[tuple[str, bool]]:
    if what == UNLISTED:
        return parts_of(_("E2B's list leaves out %(n)s that it shows by itself"), n=sandboxes(count))
    if what == "entry":
        return parts_of(_("%(n)s in the list can't be read"), n=_entries(count))
    return parts_of(_("%(n)s%(what)s in the list can't be read, or can't be true"), {"what": what}, n=f"{count:,} × ")


def _entries(count: int) -> str:
    return ngettext("%(n)s whole entry", "%(n)s whole entries", count) % {"n": f"{count:,}"}


def _same(facts: Facts) -> list[Need]:
    return [
        Need("warn", parts_of(_("%(account)s lists the same sandboxes as %(lead)s"), account=account, lead=lead),
             _("two accounts of one project: sandboxes are polled, judged and counted once, under the latter"),
             f"/settings/account/?account={account}", _("See account"), 4)
        for account, lead in facts.same_fleets
    ]  # fmt: skip


def _breakers(facts: Facts) -> list[Need]:
    return [
        Need("bad", parts_of(_("The safety stop of %(policy)s tripped"), policy=policy), why,
             "/cleanup/", _("See policy"), 1)
        for policy, why in facts.breakers
    ]  # fmt: skip


def _locked(facts: Facts) -> list[Need]:
    parts = parts_of(_("The webhook secret can't be decrypted"))
    cause = _("deliveries are answered 503; enter the secret again")
    return [
        Need("bad", parts, f"{account}; {cause}", f"/settings/?account={account}", _("See webhook"), 1)
        for account in facts.webhooks_locked
    ]


def _webhooks(facts: Facts) -> list[Need]:
    return [
        Need(
            "note",
            parts_of(_("No webhook deliveries for %(span)s"), span=formats.span((facts.now - last).total_seconds())),
            _("%(account)s; events are fetched through the API meanwhile, none are lost") % {"account": account},
            f"/settings/?account={account}",
            _("See webhook"),
            6,
        )
        for account, last in facts.webhooks_silent
    ]


def _slow(facts: Facts) -> list[Need]:
    return [
        Need(
            "note",
            parts_of(
                _("A poll takes %(seconds)s, longer than the %(interval)s s interval"),
                {"interval": f"{interval:g}"},
                seconds=f"{formats.fixed(seconds, 1)} s",
            ),
            _("%(account)s; samples arrive at that rate") % {"account": account},
            "/settings/system/",
            _("See system"),
            7,
        )
        for account, seconds, interval in facts.polls_slow
    ]
