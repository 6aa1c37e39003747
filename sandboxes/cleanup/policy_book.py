"""The policies as they stand in the database: read as specs, changed with their version, deleted with their marks."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from msgspec.structs import replace

from sandboxes.actions.cancelling import close_all
from sandboxes.cleanup import orphans, over_limit
from sandboxes.core import named_accounts
from sandboxes.models import Action, Policy, SandboxLock, Verdict
from sandboxes.policies import PolicyError, PolicySpec, as_dict, parse

FIELDS = PolicySpec.__struct_fields__


def spec_of(policy: Policy) -> PolicySpec:
    """The spec of a stored policy. Raises PolicyError when somebody stored one that can't be meant."""
    return parse({name: getattr(policy, name) for name in FIELDS})


def visible() -> QuerySet[Policy]:
    """Those that stand for an account that whoever asks may see: for all accounts, or for one of theirs by name."""
    return named_accounts.in_sight(Policy.objects.all())


def for_accounts(spec: PolicySpec, names: Iterable[str]) -> PolicySpec:
    """The same policy for the accounts of these names."""
    return replace(spec, match=replace(spec.match, accounts=tuple(names)))


def says(policy: Policy, spec: PolicySpec) -> bool:
    """Whether the stored policy is this one already."""
    given = as_dict(spec)
    return all(getattr(policy, name) == given[name] for name in FIELDS)


@transaction.atomic
def write(spec: PolicySpec, policy: Policy | None = None) -> Policy:
    """Makes a policy, or gives `policy` a new version if anything is different; a new version voids its marks.

    Raises PolicyError when the name is taken, when it newly names an account that there is not, or a
    limit that there is not.
    """
    kept = Policy.objects.select_for_update().get(pk=policy.pk) if policy is not None else Policy(version=0)
    given = as_dict(spec)
    over_limit.check(spec, (kept.orphan_when or {}).get("over_limit"))
    _known_accounts(set(spec.match.accounts) - set((kept.match or {}).get("accounts", ())))
    if kept.pk and says(kept, spec):
        return kept
    for name in FIELDS:
        setattr(kept, name, given[name])
    kept.version += 1
    kept.held_why = ""
    with orphans.told():
        try:
            with transaction.atomic():
                kept.save()
        except IntegrityError:
            raise PolicyError(f"there is a policy named {spec.name!r} already") from None
        void_marks(Action.objects.filter(policy=kept), "void: the policy was changed")
    return kept


def _known_accounts(named: set[str]) -> None:
    """What is for an account that is not there would watch nobody and seem to watch."""
    if why := named_accounts.unknown(named):
        raise PolicyError(f"match.accounts: {why}")


@transaction.atomic
def delete(policy: Policy) -> None:
    """Deletes it; its marks are void, its verdicts end now and stay on record under its name."""
    with orphans.told():
        void_marks(Action.objects.filter(policy=policy), "void: the policy was deleted")
        Verdict.objects.filter(policy=policy, until=None).update(until=timezone.now())
        policy.delete()


def reset(policy: Policy) -> None:
    """A person closes the tripped breaker. It trips again at the next run that would hit too much."""
    Policy.objects.filter(pk=policy.pk).update(breaker_tripped_at=None, breaker_why="", held_why="")


def void_marks(marks: QuerySet[Action], outcome: str) -> int:
    """Cancels what policies have marked or queued and nobody has sent or made theirs; how many."""
    waiting = marks.filter(state__in=[Action.State.GRACE, Action.State.QUEUED], actor_kind="policy")
    keys = list(waiting.values_list("pk", "sandbox__lock_id"))
    if not keys:
        return 0
    with transaction.atomic():
        locks = {lock for _, lock in keys}
        list(SandboxLock.objects.select_for_update().filter(pk__in=locks).order_by("pk").values_list("pk", flat=True))
        still = waiting.filter(pk__in=[key for key, _ in keys]).filter(joined=[])
        found = list(still.select_related("sandbox", "account"))
        close_all(found, outcome=outcome)
    return len(found)
