"""`/leases`: owners say what is theirs and alive."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboard.access import callers
from dashboard.access.callers import Caller
from dashboard.access.rights import Verb
from dashboard.api.answers import answer, caller, nothing, returns
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.params import Form, Paged, Text
from dashboard.models import ApiToken
from sandboxes.cleanup import leases
from sandboxes.core import sight
from sandboxes.fleet.search import Page, cursors
from sandboxes.models import Lease, LeaseMember, Sandbox

router = Router(tags=["leases"])


class LeaseMatch(Form):
    """Either IDs, known or not yet, or metadata."""

    ids: list[Text] | None = None
    metadata: dict[str, Text] | None = None


class LeaseBody(Form):
    ttl_seconds: Annotated[int, Field(strict=True, ge=1, le=leases.LONGEST_TTL_SECONDS)]
    match: LeaseMatch


class LeaseAnswer(msgspec.Struct, frozen=True):
    """`live` sandboxes are covered now; `unknown` ones from first sight; `marked` ones are spared from now on;
    `condemned` ones are being killed, or have ended, and must not be handed out."""

    key: str
    expires_at: datetime
    live: int
    unknown: list[str]
    marked: list[str]
    condemned: list[str]


class LeaseRow(msgspec.Struct, frozen=True):
    """A live lease and how many sandboxes it covers now."""

    key: str
    expires_at: datetime
    ttl_seconds: int
    renewed_at: datetime
    live: int
    match: dict[str, Any]


LeaseList = msgspec.defstruct(
    "LeaseList", [("items", list[LeaseRow]), ("next", str | None), ("total", int)], module=__name__
)


class _After(msgspec.Struct, frozen=True, array_like=True):
    key: str


@router.get("", operation_id="list_leases", **returns(LeaseList))
def list_leases(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """Live ones, by key: renewals move none of them between pages."""
    after = cursors.decode(asked.cursor, _After).key if asked.cursor else ""
    found = leases.list_(timezone.now(), after=after, most=asked.limit + 1)
    shown = found[: asked.limit]
    following = cursors.encode(_After(shown[-1].key)) if len(found) > len(shown) else None
    return answer(Page(_rows(shown), following, leases.count()))


@router.get("/{path:key}", operation_id="get_lease", **returns(LeaseRow))
def one(request: HttpRequest, key: str) -> HttpResponse:
    """One live lease."""
    held = leases.list_(timezone.now(), key=key)
    if not held:
        raise not_found(f"a live lease {key!r}")
    return answer(_rows(held)[0])


@router.put("/{path:key}", operation_id="put_lease", **returns(LeaseAnswer))
def put(request: HttpRequest, key: str, body: LeaseBody) -> HttpResponse:
    """Makes or renews it. 409 when every named ID is condemned or has ended, 403 while the key is another's."""
    try:
        result = leases.put(
            key,
            body.ttl_seconds,
            ids=body.match.ids,
            metadata=body.match.metadata,
            token=caller(request).name,
            claimant=_claimant(request),
        )
    except leases.LeaseTaken as taken:
        raise _forbidden(taken) from None
    except leases.LeaseError as error:
        raise bad_request(str(error)) from None
    except leases.LeaseConflict as conflict:
        raise Refusal(409, "condemned", str(conflict), details={"condemned": conflict.condemned}) from None
    return answer(
        LeaseAnswer(result.key, result.expires_at, result.live, result.unknown, result.marked, result.condemned)
    )


@router.delete("/{path:key}", operation_id="release_lease", **returns(None, 204))
def release(request: HttpRequest, key: str) -> HttpResponse:
    """Ends it now. 403 when it is another's."""
    try:
        was_live = leases.release(key, _claimant(request))
    except leases.LeaseTaken as taken:
        raise _forbidden(taken) from None
    if not was_live:
        raise not_found(f"a live lease {key!r}")
    return nothing()


def _claimant(request: HttpRequest) -> leases.Claimant:
    """A caller's own leases, those of revoked tokens, and all for the environment's token and for staff."""
    who = caller(request)
    return leases.Claimant(who.key, who.rights.accounts, may_take=lambda maker: _may_take_any(who) or _is_gone(maker))


def _may_take_any(who: Caller) -> bool:
    if who.kind == "user":
        return callers.may(who, Verb.SYSTEM)
    return ApiToken.objects.filter(pk=who.key.removeprefix("token:"), in_environment=True).exists()


def _is_gone(maker: str) -> bool:
    """Whether nobody can speak for the maker any more: a token that was revoked, a person who was deactivated."""
    kind, _, key = maker.partition(":")
    if kind == "token":
        return not ApiToken.objects.filter(pk=key, revoked_at=None).exists()
    return not get_user_model().objects.filter(pk=key, is_active=True).exists()


def _forbidden(taken: leases.LeaseTaken) -> Refusal:
    """Whose it is may be the secret of an account that the caller does not see."""
    told = str(taken) if sight.everything() is None else "the lease belongs to another: use another key"
    return Refusal(403, "forbidden", told, details={"needs": ["lease.maker"]})


def _members() -> QuerySet[LeaseMember]:
    """Without the IDs of sandboxes that whoever asks may not see; an ID that is not on record yet is nobody's."""
    seen = sight.everything()
    if seen is None:
        return LeaseMember.objects.all()
    there = Sandbox.objects.filter(sandbox_id=OuterRef("sandbox_id"))
    return LeaseMember.objects.filter(Exists(there.filter(account__in=seen)) | ~Exists(there))


def _rows(held: list[Lease]) -> list[LeaseRow]:
    members: dict[int, list[str]] = {lease.pk: [] for lease in held}
    named = _members().filter(lease__in=held).order_by("sandbox_id").values_list("lease_id", "sandbox_id")
    for lease_id, sandbox_id in named:
        members[lease_id].append(sandbox_id)
    return [
        LeaseRow(
            key=lease.key,
            expires_at=lease.expires_at,
            ttl_seconds=lease.ttl_seconds,
            renewed_at=lease.renewed_at,
            live=lease.live_count,  # type: ignore[attr-defined]
            match={"metadata": lease.metadata} if lease.metadata is not None else {"ids": members[lease.pk]},
        )
        for lease in held
    ]
