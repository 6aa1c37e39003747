"""Groups of a provider become a role and accounts: the first match counts."""

import pytest

from dashboard.access.role_mapping import BadMapping, Given, groups_in, match, parse

RULES = parse("admin=platform; operator:ci,prod=oncall;viewer=*")


def test_rules_are_read_in_their_order():
    assert [
        Given("admin", None, "platform"),
        Given("operator", ("ci", "prod"), "oncall"),
        Given("viewer", None, "*"),
    ] == RULES


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["oncall", "platform"], "admin"), (["oncall"], "operator"), (["others"], "viewer"), ([], "viewer")],
)
def test_first_match_counts(groups, role):
    found = match(RULES, groups)
    assert found is not None
    assert found.role == role


def test_nobody_matches_without_a_rule_for_everybody():
    assert match(parse("admin=platform"), ["oncall"]) is None
    assert match([], ["oncall"]) is None


@pytest.mark.parametrize("text", ["king=platform", "admin", "admin=", "operator:=oncall", "=platform", "admin:,=x"])
def test_what_is_no_rule_is_named(text):
    with pytest.raises(BadMapping, match="is not role=group"):
        parse(text)


@pytest.mark.parametrize(
    ("claim", "groups"),
    [(["a", 1, "b"], ["a", "b"]), ("a,b c", ["a", "b", "c"]), (None, []), (7, []), ({"a": 1}, [])],
)
def test_claim_is_read_as_providers_write_it(claim, groups):
    assert groups_in(claim) == groups
