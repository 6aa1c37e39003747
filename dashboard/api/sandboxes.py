"""`/sandboxes`: the fleet's list, and one sandbox."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, returns, without
from dashboard.api.errors import not_found
from dashboard.api.params import Form, Paged, Word
from dashboard.api.strict import metadata_of
from sandboxes.core.accounts import enabled_accounts
from sandboxes.fleet.search import (
    DEFAULT_ORDER,
    LIVE,
    MOST_IDLE_SECONDS,
    ORDERS,
    STATES,
    Page,
    SandboxQuery,
    SandboxRow,
    find,
    key_of,
    refuse_ambiguous,
    search,
    seen_accounts,
    states_of,
)

router = Router(tags=["sandboxes"])
_AS_SEARCHED = {"end_reason": "reason", "probable_cause": "cause"}
_OURS = "key"  # what our own pages call it by; programs have the ID
Age = Annotated[float, Field(ge=0, le=100 * 366 * 86400, allow_inf_nan=False, description="Seconds.")]
_BOTH_WAYS: Any = [sign + order for order in ORDERS for sign in ("", "-")]
Order = Annotated[Word, Field(description="With - before it: descending.", json_schema_extra={"enum": _BOTH_WAYS})]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]

Sandbox = msgspec.defstruct(
    "Sandbox",
    [(field.name, field.type) for field in msgspec.structs.fields(SandboxRow) if field.name != _OURS],
    module=__name__,
)
SandboxList = msgspec.defstruct(
    "SandboxList", [("items", list[Sandbox]), ("next", str | None), ("total", int)], module=__name__  # type: ignore[valid-type]
)  # fmt: skip


class Filter(Form):
    """The filters of the list; `POST /actions/bulk` takes the same."""

    state: Annotated[Word, Field(description=f"Some of {', '.join(STATES)}, with commas; or all.")] = ",".join(LIVE)
    account: Word | None = None
    template: Annotated[Word | None, Field(description="Its ID or name.")] = None
    owner: Word | None = None
    environment: Word | None = None
    age_min: Age | None = None
    age_max: Age | None = None
    ends_within: Annotated[Age | None, Field(description="It runs, and its end comes within these seconds.")] = None
    past_end: Annotated[Age | None, Field(description="It runs, and its end was so many seconds ago.")] = None
    end_reason: Annotated[Word | None, Field(description="Why it ended, in the backend's word; or vanished.")] = None
    probable_cause: Annotated[Word | None, Field(description="Ours, inferred: out_of_memory, for one.")] = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    ended_since: datetime | None = None
    ended_until: datetime | None = None
    cpu_min: Percent | None = None
    cpu_max: Percent | None = None
    mem_min: Percent | None = None
    idle_for: Annotated[
        float | None,
        Field(
            gt=0,
            le=MOST_IDLE_SECONDS,
            allow_inf_nan=False,
            description="Running, every sample of so many seconds below idle_cpu_below; too few samples: not idle.",
        ),
    ] = None
    idle_cpu_below: Annotated[
        Percent | None, Field(description="The limit of idle_for, in percent of its CPU; 2 when left out.")
    ] = None
    no_sample: bool | None = None
    q: Annotated[Word | None, Field(description="Part of its ID, alias, owner or metadata.")] = None
    orphan: bool | None = None
    protected: bool | None = None

    def query(self, metadata: dict[str, str], order: str = DEFAULT_ORDER) -> SandboxQuery:
        """As the search takes it. Raises QueryError for a state or order that cannot be."""
        given: dict[str, Any] = {
            _AS_SEARCHED.get(name, name): getattr(self, name) for name in Filter.model_fields if name != "state"
        }
        return SandboxQuery(states=states_of(self.state), metadata=metadata, order=order, **given)


class ListParameters(Filter, Paged):
    order: Order = DEFAULT_ORDER


@router.get("", operation_id="list_sandboxes", **returns(SandboxList, takes_metadata=True))
def list_sandboxes(request: HttpRequest, asked: Query[ListParameters]) -> HttpResponse:
    """Those that match, in the order asked for."""
    page = search(asked.query(metadata_of(request), asked.order), limit=asked.limit, cursor=asked.cursor)
    return answer(Page(without(page.items, _OURS), page.next, page.total))


@router.get("/{sandbox_id}", operation_id="get_sandbox", **returns(Sandbox))
def one_sandbox(request: HttpRequest, sandbox_id: str) -> HttpResponse:
    """One, by its ID; ended ones too, as long as we keep them."""
    return answer(without([row_of(request, sandbox_id)], _OURS)[0])


def key_or_refusal(request: HttpRequest, sandbox_id: str) -> int:
    """Its primary key, in the account that `?account=` names.

    Raises Refusal 404 when it is not on our record, Ambiguous (300) when several backends have that ID.
    """
    account = _account_of(request, sandbox_id)
    key = key_of(sandbox_id, account)
    if key is None:
        raise not_found(f"sandbox {sandbox_id!r}")
    return key


def _account_of(request: HttpRequest, sandbox_id: str) -> str | None:
    account = request.GET.get("account")
    if account is None:
        refuse_ambiguous([sandbox_id], seen_accounts())
    elif account not in [one.name for one in enabled_accounts()]:
        raise not_found(f"account {account!r}")
    return account


def row_of(request: HttpRequest, sandbox_id: str, now: datetime | None = None) -> SandboxRow:
    """The sandbox. Raises as `key_or_refusal` does."""
    row = find(sandbox_id, _account_of(request, sandbox_id), now=now)
    if row is None:
        raise not_found(f"sandbox {sandbox_id!r}")
    return row
