"""What happened in the minutes around a second of the past, as sentences with links: bursts, ends, marks, refusals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, F, Max, Min, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from dashboard.ui import endings, formats
from events.models import Delivery
from sandboxes.cleanup import policy_book
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.search.details import kills_that_ended
from sandboxes.models import Action, MetricFrame, Sandbox, Verdict

AROUND: Final = timedelta(minutes=5)
BURST: Final = 5  # so many of one template and owner in ten minutes are worth a sentence
BUSY_PCT: Final = 40.0
MOST: Final = 8
OF_A_KIND: Final = 3
DONE: Final = {
    "kill": gettext_noop("killed"), "pause": gettext_noop("paused"), "resume": gettext_noop("resumed"),
    "notify": gettext_noop("reported"),
}  # fmt: skip

STATES: Final = {"refused": gettext_noop("rejected")}  # of deliveries, as people read them

# `endings.kind_of` in SQL.
_AT_ITS_PLANNED_END: Final = Q(
    end_reason=endings.VANISHED, ended_at__gt=F("end_at") - endings.SAME, ended_at__lt=F("end_at") + endings.SAME
)
_KIND: Final = Case(
    When(Exists(kills_that_ended().filter(sandbox=OuterRef("pk"))), then=Value(endings.OURS)),
    When(_AT_ITS_PLANNED_END, then=Value(endings.PLANNED_END)),
    default=Coalesce(F("end_reason"), Value("unknown")),
    output_field=CharField(),
)


@dataclass(frozen=True)
class Happening:
    """When, a mark, a sentence, its cause or cost, and where to see it; `link` may be empty."""

    at: datetime
    mark: str
    sentence: str
    cause: str
    link: str
    label: str


@dataclass(frozen=True)
class Window:
    """The accounts in sight and the minutes looked at."""

    accounts: Sequence[int]
    start: datetime
    end: datetime

    def of(self, field: str, account: str = "account") -> Q:
        """Records of these accounts whose `field` lies in the window."""
        return Q((f"{account}__in", self.accounts), (f"{field}__gte", self.start), (f"{field}__lt", self.end))

    def as_filter(self, column: str) -> dict[str, str]:
        """The window as filters of the Sandboxes page: by `created` or `ended`."""
        return {
            f"{column}_{bound}": at.isoformat().replace("+00:00", "Z")
            for bound, at in (("since", self.start), ("until", self.end))
        }


def happened(at: datetime) -> list[Happening]:
    """What is on record of the five minutes before and after `at`, newest first, at most eight."""
    window = Window(shown_account_ids(), at - AROUND, at + AROUND)
    told: Iterable[Iterator[Happening]] = (
        _started(window), _ended(window), _ended_busy(window), _held(window), _acted(window), _refused(window),
        _tripped(window), _unpolled(window),
    )  # fmt: skip
    found = sorted((one for kind in told for one in kind), key=lambda one: abs(one.at - at))[:MOST]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _started(window: Window) -> Iterator[Happening]:
    """Bursts by template and owner. By the start of a run, which has an index; born is what began with it."""
    born = Sandbox.objects.filter(
        window.of("executions__started_at"), created_at__gte=window.start, created_at__lt=window.end
    )
    kinds = born.values("template_id", "template_shown", "owner").annotate(
        n=Count("pk", distinct=True), first=Min("created_at")
    )
    for one in kinds.filter(n__gte=BURST).order_by("-n")[:OF_A_KIND]:
        times = window.as_filter("created")
        link = _link(template=one["template_id"], owner=one["owner"], state="all", order="-created_at", **times)
        sentence = _("%(n)s %(template)s started") % {
            "n": f"{one['n']:,}",
            "template": one["template_shown"],
        }
        yield Happening(
            one["first"],
            "created",
            sentence,
            one["owner"] or _("no owner"),
            link,
            _("Open %(n)s") % {"n": f"{one['n']:,}"},
        )


def _ended(window: Window) -> Iterator[Happening]:
    """Bursts of ends by template and by what is known of why."""
    kinds = Sandbox.objects.filter(window.of("ended_at")).annotate(kind=_KIND)
    named = kinds.values("template_id", "template_shown", "kind")
    for one in named.annotate(n=Count("pk"), first=Min("ended_at")).filter(n__gte=BURST).order_by("-n")[:OF_A_KIND]:
        why = endings.words_of(one["kind"])
        sentence = _("%(n)s %(template)s ended") % {
            "n": f"{one['n']:,}",
            "template": one["template_shown"],
        }
        # What we killed or infer is told by more than the backend's word: the list then shows all of that time.
        reason = None if one["kind"] in {endings.OURS, endings.PLANNED_END, endings.VANISHED} else one["kind"]
        link = _link(template=one["template_id"], state="ended", reason=reason, **window.as_filter("ended"))
        opens = _("Open %(n)s") % {"n": f"{one['n']:,}"} if reason else _("Open them")
        yield Happening(one["first"], "killed", sentence, why, link, opens)


def _ended_busy(window: Window) -> Iterator[Happening]:
    """Cut off at work: their end came while the last sample was over 40% CPU."""
    busy = Sandbox.objects.filter(window.of("ended_at"), end_reason="timeout", cpu_pct__gt=BUSY_PCT)
    ids = [(one, ended_at) for one, ended_at in busy.order_by("-ended_at").values_list("sandbox_id", "ended_at")]
    last = next((ended_at for _, ended_at in ids), None)
    if last:
        sentence = _("%(count)s ended by timeout while busy") % {"count": f"{len(ids):,}"}
        several = _link(state="ended", reason="timeout", cpu_min=f"{BUSY_PCT:g}", **window.as_filter("ended"))
        link = f"/sandboxes/{ids[0][0]}/" if len(ids) == 1 else several
        cause = _("CPU over %(percent)s%% in their last sample") % {"percent": f"{BUSY_PCT:.0f}"}
        yield Happening(
            last,
            "warn",
            sentence,
            cause,
            link,
            _("Open it") if len(ids) == 1 else _("Open %(count)s") % {"count": f"{len(ids):,}"},
        )


def _held(window: Window) -> Iterator[Happening]:
    """Those that a policy took for orphans, and how many of them it let go again."""
    begun = Verdict.objects.filter(window.of("since", "sandbox__account"))
    let_go = Q(until__isnull=False) & (Q(sandbox__ended_at=None) | Q(until__lt=F("sandbox__ended_at")))
    freed = Count("sandbox", distinct=True, filter=let_go)  # a policy that is changed holds the same ones anew
    counted = begun.values("policy_name").annotate(n=Count("sandbox", distinct=True), first=Min("since"), freed=freed)
    for one in counted.order_by("-n")[:OF_A_KIND]:
        orphans = ngettext("%(n)s orphan by %(policy)s", "%(n)s orphans by %(policy)s", one["n"])
        sentence = orphans % {"n": f"{one['n']:,}", "policy": one["policy_name"]}
        cause = (
            _("%(freed)s no longer match") % {"freed": f"{one['freed']:,}"}
            if one["freed"]
            else _("still match, or ended")
        )
        yield Happening(one["first"], "orph", sentence, cause, "/cleanup/", _("See policies"))


def _acted(window: Window) -> Iterator[Happening]:
    """What people, programs and policies had done; a mark in grace is told by its verdict."""
    asked = Action.objects.filter(window.of("requested_at")).exclude(state=Action.State.GRACE)
    counted = asked.values("kind", "actor_kind", "actor_name").annotate(
        n=Count("pk"), last=Max("requested_at"), done=_in(Action.State.DONE, Action.State.CONFIRMED),
        failed=_in(Action.State.FAILED), cancelled=_in(Action.State.CANCELLED),
    )  # fmt: skip
    for one in counted.order_by("-n")[:OF_A_KIND]:
        asked_of = _("requested %(kind)s of") % {"kind": one["kind"]}
        verb = _(DONE[one["kind"]]) if one["kind"] in DONE and one["done"] else asked_of
        by_policy = one["actor_kind"] == "policy"
        who = _("policy %(name)s") % {"name": one["actor_name"]} if by_policy else one["actor_name"]
        mark = "bad" if one["failed"] else "note"
        link = "/cleanup/" if one["done"] or not one["cancelled"] else "/cleanup/?state=cancelled"
        sentence = f"{who} {verb} {one['done'] or one['n']:,}"
        yield Happening(one["last"], mark, sentence, _came_of(one), link, _("See trail"))


def _in(*states: str) -> Count:
    return Count("pk", filter=Q(state__in=states))


def _came_of(one: Mapping[str, Any]) -> str:
    """What became of all that was asked for, never more than was done."""
    pending = one["n"] - one["done"] - one["failed"] - one["cancelled"]
    told = (
        (one["done"], _("%(n)s answered by E2B")), (one["failed"], _("%(n)s failed")),
        (one["cancelled"], _("%(n)s stopped before anything was sent")), (pending, _("%(n)s still pending")),
    )  # fmt: skip
    return ", ".join(words % {"n": f"{n:,}"} for n, words in told if n)


def _refused(window: Window) -> Iterator[Happening]:
    counted = (
        Delivery.objects.filter(window.of("received_at"))
        .values("state")
        .annotate(n=Count("pk"), first=Min("received_at"), why=Min("reason"))
    )
    for one in counted:
        deliveries = ngettext("%(n)s delivery %(state)s", "%(n)s deliveries %(state)s", one["n"])
        state = _(STATES.get(one["state"], one["state"]))
        sentence = deliveries % {"n": f"{one['n']:,}", "state": state}
        yield Happening(one["first"], "warn", sentence, one["why"], "/events/deliveries/", _("See why"))


def _tripped(window: Window) -> Iterator[Happening]:
    for policy in policy_book.visible().filter(breaker_tripped_at__gte=window.start, breaker_tripped_at__lt=window.end):
        if at := policy.breaker_tripped_at:
            sentence = _("safety stop of %(name)s tripped") % {"name": policy.name}
            yield Happening(at, "bad", sentence, policy.breaker_why, "/cleanup/", _("See it"))


def _unpolled(window: Window) -> Iterator[Happening]:
    """Stretches between two of our ticks that are longer than a late one explains."""
    ticks = MetricFrame.objects.filter(window.of("at")).order_by("at").values_list("at", flat=True)
    # A week back only the first frame of each minute is left.
    longest = timedelta(seconds=max(130.0, 4 * settings.POLL_INTERVAL_SECONDS))
    for one, other in pairwise(ticks.iterator()):
        if other - one > longest:
            sentence = _("no polls for %(span)s") % {"span": formats.span((other - one).total_seconds())}
            yield Happening(one, "stale", sentence, _("states come from events, metrics are missing"), "", "")


def _link(**asked: str | None) -> str:
    return "/sandboxes/?" + urlencode({name: value for name, value in asked.items() if value})
