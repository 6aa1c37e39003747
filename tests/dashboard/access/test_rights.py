"""Rights: what roles and scopes allow, what two of them allow together, and that nobody gives what they lack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.access.rights import EVERYTHING, NONE, ROLES, SCOPES, Rights, Verb, of_role

accounts = st.none() | st.frozensets(st.integers(1, 5))
rights = st.builds(Rights, st.frozensets(st.sampled_from(SCOPES)), accounts)
verbs, keys = st.sampled_from([*SCOPES]), st.integers(1, 6)


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("viewer", {"read"}),
        ("operator", {"read", "lease", "act", "inside:read", "inside:write"}),
        ("admin", {"read", "lease", "act", "admin", "inside:read", "inside:write"}),
    ],
)
def test_role_has_the_scopes_of_the_contract(role: str, scopes: set[str]) -> None:
    assert ROLES[role] == scopes


def test_system_needs_an_admin_of_every_account() -> None:
    assert of_role("admin", None).may(Verb.SYSTEM)
    assert not of_role("admin", [1, 2]).may(Verb.SYSTEM)
    assert not of_role("operator", None).may(Verb.SYSTEM)


def test_unknown_role_may_nothing() -> None:
    assert of_role("emperor", None).scopes == NONE.scopes


@given(rights, rights, verbs, keys)
def test_two_together_allow_what_both_allow(one: Rights, other: Rights, verb: Verb, account: int) -> None:
    assert one.within(other).may(verb, account) == (one.may(verb, account) and other.may(verb, account))


@given(rights, rights, verbs, keys)
def test_nobody_gives_what_they_lack(giver: Rights, given_: Rights, verb: Verb, account: int) -> None:
    if giver.covers(given_):
        assert not given_.may(verb, account) or giver.may(verb, account)
    assert EVERYTHING.covers(given_)
