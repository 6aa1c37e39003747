"""Whom a policy looks at: the parts of its `match`, in order, each true of a sandbox or not."""

from collections.abc import Iterator, Mapping
from typing import Final

from sandboxes.policies.facts import Facts
from sandboxes.policies.rules import Asked
from sandboxes.policies.spec import PolicyMatch

_Part = tuple[str, str, bool]  # the rule, its metadata key if it has one, whether it holds
WORDS: Final[Mapping[str, str]] = {
    "ended": "state", "match.accounts": "account", "match.states": "state", "match.templates": "template",
}  # fmt: skip


def outside(match: PolicyMatch, facts: Facts) -> str | None:
    """The first part of `match` that leaves the sandbox out."""
    return next((rule for rule, _, holds in _parts(match, facts) if not holds), None)


def asked(match: PolicyMatch, facts: Facts) -> Iterator[Asked]:
    """Every part that `match` gives, in the order of `outside`."""
    for rule, key, holds in _parts(match, facts):
        yield Asked(rule, holds, f"{key or WORDS[rule]} is {_value(rule, key, facts)}", key)


def _parts(match: PolicyMatch, facts: Facts) -> Iterator[_Part]:
    yield "ended", "", facts.state != "ended"
    if match.accounts:
        yield "match.accounts", "", facts.account in match.accounts
    yield "match.states", "", facts.state in match.states
    if match.templates:
        yield "match.templates", "", facts.template_id in match.templates or facts.template_name in match.templates
    for key, value in match.metadata.items():
        yield "match.metadata", key, facts.metadata.get(key) == value


def _value(rule: str, key: str, facts: Facts) -> str:
    if key:
        return facts.metadata.get(key, "not set")
    values = {"match.accounts": facts.account, "match.templates": facts.template_name or facts.template_id}
    return values.get(rule, facts.state)
