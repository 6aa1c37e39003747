"""The state machine of actions: the table, the code that applies it, the database's trigger and the docs agree."""

import ast
from contextlib import nullcontext
from itertools import permutations

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, transaction

from sandboxes.actions import machine
from sandboxes.models import Action
from tests.support import records

pytestmark = pytest.mark.django_db
WAYS = {(str(source), str(one.target)) for one in machine.TRANSITIONS for source in one.sources}


@pytest.fixture
def box():
    return records.sandbox()


@pytest.mark.parametrize(("source", "target"), permutations(map(str, Action.State), 2))
def test_database_refuses_what_is_no_transition(box, source, target):
    action = records.action(box, state=source)
    refusal = nullcontext() if (source, target) in WAYS else pytest.raises(DatabaseError, match="can not go")
    with refusal, transaction.atomic():
        Action.objects.filter(pk=action.pk).update(state=target)


@pytest.mark.parametrize("transition", machine.TRANSITIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("state", Action.State)
def test_transition_leads_only_from_its_sources(box, transition, state):
    action = records.action(box, state=state)
    if state in transition.sources:
        machine.move(action, transition, outcome="moved")
        assert (action.state, action.outcome) == (transition.target, "moved")
        machine.store([action])
        assert Action.objects.get(pk=action.pk).state == transition.target
    else:
        with pytest.raises(machine.IllegalTransition, match=transition.name):
            machine.move(action, transition)
        assert action.state == state


@pytest.mark.parametrize("state", Action.State)
def test_action_begins_only_where_one_may(box, state):
    if state in machine.BEGINNINGS:
        assert machine.begin(state, kind="kill").state == state
    else:
        with pytest.raises(machine.IllegalTransition):
            machine.begin(state, kind="kill")


def test_every_state_is_reached():
    reached = {str(target) for _, target in WAYS} | {str(state) for state in machine.BEGINNINGS}
    assert reached == set(map(str, Action.State))


def test_nothing_else_writes_the_state_of_an_action():
    """Of our code: any assignment to `.state`, and any Action made or updated with `state=`.

    Alerts, deliveries and limits have states of their own.
    """
    found = []
    for app in ("sandboxes", "events", "dashboard", "config"):
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if path.name == "machine.py" or {"migrations", "alerts", "notifications", "limits"} & set(path.parts):
                continue
            nodes = [node for node in ast.walk(ast.parse(path.read_text())) if _writes_state(node)]
            lines = [node.lineno for node in nodes if isinstance(node, ast.expr | ast.stmt)]
            found += [f"{path.relative_to(settings.BASE_DIR)}:{line}" for line in lines]
    assert found == []


def _writes_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        targets = [part for target in node.targets for part in (getattr(target, "elts", None) or [target])]
        owners = [one.value for one in targets if isinstance(one, ast.Attribute) and one.attr == "state"]
        return any(isinstance(owner, ast.Name) and owner.id not in {"self", "cls"} for owner in owners)
    if isinstance(node, ast.Call):
        has_state = any(keyword.arg == "state" for keyword in node.keywords)
        text = ast.unparse(node.func)
        return has_state and (text == "Action" or (text.startswith("Action.objects") and text.endswith("update")))
    return False


def test_docs_show_the_machine(capsys):
    call_command("action_states")
    assert capsys.readouterr().out.strip() in (settings.BASE_DIR / "docs" / "actions.md").read_text()
