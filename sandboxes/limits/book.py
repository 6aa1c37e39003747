"""The limits in the database: read as specs, changed with their version, deleted unless a policy needs one."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from sandboxes.cleanup import orphans, policy_book
from sandboxes.core import sight
from sandboxes.limits.spec import LimitError, LimitSpec
from sandboxes.models import Account, Action, Limit, Policy

FIELDS = tuple(name for name in LimitSpec.__struct_fields__ if name != "accounts")


class Taken(LimitError):
    """There is a limit of that name already."""


class Needed(LimitError):
    """A policy names it, and would be left without what it judges by."""


def visible() -> QuerySet[Limit]:
    """Those that count an account that whoever asks may see: each account, or one of theirs."""
    held = sight.everything()
    return Limit.objects.all() if held is None else Limit.objects.filter(_for(held))


def _for(held: Collection[int]) -> Q:
    return Q(accounts=None) | Q(accounts__overlap=list(held))


def spec_of(limit: Limit, names: Mapping[int, str]) -> LimitSpec:
    """The spec of a stored limit; `names` are those of the accounts that may be seen, by key."""
    counted = sorted(names[key] for key in limit.accounts or () if key in names)
    usd = {name: _plain(getattr(limit, name)) for name in ("usd_per_day", "usd_per_month")}
    return LimitSpec(**{name: getattr(limit, name) for name in FIELDS} | usd, accounts=tuple(counted))


def seen_names() -> dict[int, str]:
    """Names of the accounts that may be seen, by key."""
    return {account.pk: account.name for account in sight.held(Account.objects.only("name"))}


@transaction.atomic
def write(spec: LimitSpec, limit: Limit | None = None) -> Limit:
    """Makes a limit, or changes `limit`: then policies that name it have a new version, and their marks are void.

    Raises Taken, Needed, and LimitError for an account that there is not.
    """
    keys = _keys_of(spec.accounts)
    kept = Limit.objects.select_for_update().get(pk=limit.pk) if limit is not None else Limit(version=0)
    given = {name: getattr(spec, name) for name in FIELDS} | {"accounts": keys}
    if kept.pk and all(getattr(kept, name) == value for name, value in given.items()):
        return kept
    policies = _naming(kept.name) if kept.pk else Policy.objects.none()
    if policies and (spec.name != kept.name or spec.max_running is None):
        what = "be renamed" if spec.name != kept.name else "lose max_running"
        raise Needed(f"the limit can't {what}: {_who(policies)} names it")
    for name, value in given.items():
        setattr(kept, name, value)
    kept.version += 1
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError:
        raise Taken(f"there is a limit named {spec.name!r} already") from None
    _begin_anew(policies)
    return kept


@transaction.atomic
def delete(limit: Limit) -> None:
    """Deletes it and how everybody stood against it. Raises Needed."""
    policies = _naming(limit.name)
    if policies:
        raise Needed(f"the limit can't be deleted: {_who(policies)} names it")
    limit.delete()


def _naming(name: str) -> QuerySet[Policy]:
    return Policy.objects.filter(orphan_when__over_limit=name).order_by("name")


def _who(policies: QuerySet[Policy]) -> str:
    seen = policies.filter(pk__in=policy_book.visible()).first()
    return "a policy" if seen is None else f"the policy {seen.name!r}"


def _begin_anew(policies: Iterable[Policy]) -> None:
    """The limit is part of each policy's version."""
    keys = [policy.pk for policy in policies]
    if not keys:
        return
    with orphans.told():
        Policy.objects.filter(pk__in=keys).update(version=F("version") + 1)
        policy_book.void_marks(Action.objects.filter(policy__in=keys), "void: the limit was changed")


def _keys_of(names: Iterable[str]) -> list[int] | None:
    wanted = set(names)
    if not wanted:
        return None
    there = {name: key for key, name in seen_names().items()}
    unknown = sorted(wanted - there.keys())
    if unknown:
        raise LimitError(f"accounts: no account named {unknown[0]!r}")
    return sorted(there[name] for name in wanted)


def _plain(usd: Decimal | None) -> Decimal | None:
    """Without the zeros that the column adds."""
    return usd if usd is None else Decimal(f"{usd.normalize():f}")
