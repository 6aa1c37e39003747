"""What keeps a sandbox from every policy: a person's protection, its metadata by its account's words, a live lease."""

from collections.abc import Iterator

from sandboxes.base.clock import BackendTime
from sandboxes.policies.facts import Facts
from sandboxes.policies.rules import Asked, Reason
from sandboxes.policies.wording import clock

_Keeper = tuple[str, str, str | None]  # the rule, its metadata key if it has one, what shows that it keeps


def held_from_all(facts: Facts, now: BackendTime) -> Reason | None:
    """The first of them, if there is any."""
    return next((Reason(rule, shown) for rule, _, shown in _keepers(facts, now) if shown is not None), None)


def asked(facts: Facts, now: BackendTime) -> Iterator[Asked]:
    """All of them in the order of `held_from_all`: one holds where nothing keeps the sandbox."""
    for rule, key, shown in _keepers(facts, now):
        free = {"protected": "not protected", "lease": "not leased"}.get(rule, f"its metadata {key} keeps nothing")
        yield Asked(rule, shown is None, free if shown is None else shown, key)


def _keepers(facts: Facts, now: BackendTime) -> Iterator[_Keeper]:
    protection, lease = facts.protection, facts.lease
    shown = None
    if protection is not None and (protection.until is None or protection.until > now):
        until = f" until {clock(protection.until)}" if protection.until else ""
        shown = f"protected by {protection.by}{until}: {protection.reason or 'no reason given'}"
    yield "protected", "", shown
    for key, value in facts.keep:
        keeps = facts.metadata.get(key, "").strip().casefold() == value
        yield f"metadata.{key}", key, f"its metadata says {key}={value}" if keeps else None
    yield "lease", "", None if lease is None else f"leased as {lease.key} until {clock(lease.expires_at)}"
