"""The deliveries kept aside, newest first, page by page, with what is secret masked."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from django.db.models import BinaryField, Count, F, Func, IntegerField, Q, QuerySet, Value

from events.models import MASKED_BYTES, SHOWN_BYTES, Delivery, shown_text
from sandboxes.core.secrets_at_rest import learn
from sandboxes.fleet.search import Page, QueryError, cursors

STATES = tuple(Delivery.State.values)


class DeliveryRow(msgspec.Struct, frozen=True):
    """A delivery; `text` is the beginning of its body, `size` the bytes of all that is kept of it."""

    key: int
    account: str
    state: str
    reason: str
    event_id: str
    source: str
    received_at: datetime
    headers: dict[str, str]
    text: str
    size: int

    @property
    def cut(self) -> int:
        """Bytes that are kept and not shown."""
        return max(0, self.size - SHOWN_BYTES)


def list_deliveries(
    account_ids: Collection[int], *, state: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[DeliveryRow]:
    """One page of at most `limit`. Raises QueryError for an unknown state or a bad cursor."""
    if state is not None and state not in STATES:
        raise QueryError(f"state must be one of {', '.join(STATES)}")
    kept = Delivery.objects.filter(account__in=account_ids)
    matching = kept if state is None else kept.filter(state=state)
    after = matching
    if cursor:
        last = cursors.decode_by_time(cursor)
        after = matching.filter(Q(received_at__lt=last.at) | Q(received_at=last.at, pk__lt=last.key))
    found = list(_begun(after).order_by("-received_at", "-pk")[: limit + 1])
    following = cursors.by_time(found[limit - 1].received_at, found[limit - 1].pk) if len(found) > limit else None
    return Page(_rows(found[:limit]), following, matching.count())


def one_delivery(key: int) -> DeliveryRow:
    """One by its key. Raises Delivery.DoesNotExist."""
    return _rows([_begun(Delivery.objects.filter(pk=key)).get()])[0]


def counts(account_ids: Collection[int]) -> dict[str, int]:
    """How many are kept in each state, 0 for none."""
    found = Delivery.objects.filter(account__in=account_ids).values_list("state").annotate(n=Count("pk"))
    return dict.fromkeys(STATES, 0) | dict(found)


def _begun(found: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """With only the beginning of each body, as `start`, and the `size` of all of it."""
    return found.select_related("account").defer("body").annotate(
        start=Func(F("body"), Value(1), Value(MASKED_BYTES), function="substring", output_field=BinaryField()),
        size=Func(F("body"), function="octet_length", output_field=IntegerField()),
    )  # fmt: skip


def _rows(found: Sequence[Delivery]) -> list[DeliveryRow]:
    """Their accounts' secrets are opened once, not for every row."""
    for account in {one.account_id: one.account for one in found}.values():
        learn(account)
    return [_row(one) for one in found]


def _row(one: Delivery) -> DeliveryRow:
    start, size = bytes(one.start), int(one.size)  # type: ignore[attr-defined]  # annotated above
    return DeliveryRow(
        key=one.pk,
        account=one.account.name,
        state=one.state,
        reason=one.reason,
        event_id=one.event_id,
        source=one.source,
        received_at=one.received_at,
        headers=dict(sorted(one.headers.items())),
        text=shown_text(start),
        size=size,
    )
