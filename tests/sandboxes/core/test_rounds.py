"""Loops over accounts: isolation, deadline, lock and stored error, and no loop beside the helper."""

import ast
import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from sandboxes.core import round_errors, rounds
from sandboxes.core.locks import lock
from sandboxes.e2b import Unreachable
from sandboxes.models import AccountHealth
from tests.support import records

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
APPS = ("sandboxes", "events", "dashboard", "config")


@pytest.fixture
def accounts():
    return [records.account(name) for name in ("one", "two", "three")]


async def errors(account) -> dict[str, Any]:
    return dict((await AccountHealth.objects.aget(account=account)).round_errors)


async def test_failing_account_is_stored_and_others_go_on(accounts, caplog):
    async def work(account):
        if account.name == "two":
            raise ZeroDivisionError("e2b_" + "a" * 40 + "\x00")
        return account.name

    given = await rounds.side_by_side("tidy", accounts, work, deadline_seconds=5)
    assert list(given.values()) == ["one", "three"]
    stored = (await errors(accounts[1]))["tidy"]
    assert stored["error"] == "ZeroDivisionError: •••\ufffd"
    assert "account two: tidy failed: ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text


def test_failure_in_turn_is_stored_and_cleared_by_the_next_success(accounts):
    def work(account):
        if account.name == failing:
            raise ZeroDivisionError("ours")
        seen.append(account.name)

    def stored():
        return {one.account.name: list(one.round_errors) for one in AccountHealth.objects.select_related("account")}

    seen: list[str] = []
    failing = "two"
    assert rounds.in_turn("tidy", accounts, work, "of minutes") == 2
    assert (seen, stored()) == (["one", "three"], {"two": ["tidy of minutes"]})
    failing = ""
    assert rounds.in_turn("tidy", accounts, work, "of hours") == 3
    assert stored() == {"two": ["tidy of minutes"]}, "another unit's success says nothing of it"
    assert rounds.in_turn("tidy", accounts, work, "of minutes") == 3
    assert stored() == {"two": []}


async def test_first_failure_in_a_row_dates_it_and_success_clears_it(accounts):
    async def fails(account):
        raise Unreachable("no connection")

    async def works(account):
        return None

    one = accounts[:1]
    for _ in range(2):
        await rounds.side_by_side("tidy", one, fails, deadline_seconds=5)
    await rounds.side_by_side("other", one, fails, deadline_seconds=5)
    stored = (await errors(one[0]))["tidy"]
    assert stored["since"] < stored["at"]
    assert stored["error"] == "no connection"
    await rounds.side_by_side("tidy", one, works, deadline_seconds=5)
    assert list(await errors(one[0])) == ["other"]


async def test_success_of_one_unit_says_nothing_of_another(accounts):
    """A round in parts, or of several policies: what still fails stays on record, whoever succeeds after it."""

    async def fails(account):
        raise Unreachable("no connection")

    async def works(account):
        return "done"

    one = accounts[0]
    await rounds.guarded("poll", one, fails, deadline_seconds=5, unit="part 1 of 2")
    assert await rounds.guarded("poll", one, works, deadline_seconds=5, unit="part 2 of 2") == "done"
    await rounds.succeeded("poll", one, "part 2 of 2")
    assert list(await errors(one)) == ["poll part 1 of 2"]
    assert (await AccountHealth.objects.aget(account=one)).poll_error == "part 1 of 2: no connection"
    await rounds.succeeded("poll", one, "part 1 of 2")
    assert await errors(one) == {}


async def test_errors_of_units_that_are_no_more_are_forgotten(accounts):
    async def fails(account):
        raise Unreachable("no connection")

    one = accounts[0]
    for name, unit in [("poll", "part 5 of 8"), ("poll", "part 1 of 2"), ("polish", "")]:
        await rounds.guarded(name, one, fails, deadline_seconds=5, unit=unit)
    await sync_to_async(round_errors.clear_former_units)(one, "poll", ["part 1 of 2", "part 2 of 2"])
    assert sorted(await errors(one)) == ["polish", "poll part 1 of 2"]


async def test_hanging_account_ends_at_its_deadline(accounts):
    async def work(account):
        if account.name == "two":
            await asyncio.Event().wait()

    given = await rounds.side_by_side("sync", accounts, work, deadline_seconds=0.01)
    assert list(given) == [accounts[0].pk, accounts[2].pk]
    health = await AccountHealth.objects.aget(account=accounts[1])
    assert health.sync_error == "not finished within 0 s"
    assert health.sync_failed_at


async def test_accounts_are_served_side_by_side(accounts):
    all_of_them = asyncio.Barrier(len(accounts))

    async def work(account):
        return await all_of_them.wait()

    given = await rounds.side_by_side("tidy", accounts, work, deadline_seconds=20)
    assert sorted(given.values()) == [0, 1, 2]


async def test_timeout_of_the_work_itself_is_not_called_a_deadline(accounts):
    async def work(account):
        raise TimeoutError("the callback")

    await rounds.side_by_side("tidy", accounts[:1], work, deadline_seconds=5)
    assert (await errors(accounts[0]))["tidy"]["error"] == "TimeoutError: the callback"


async def test_account_whose_work_is_cancelled_from_within_stops_no_other(accounts):
    async def work(account):
        if account.name == "two":
            raise asyncio.CancelledError
        return account.name

    given = await rounds.side_by_side("tidy", accounts, work, deadline_seconds=5)
    assert list(given.values()) == ["one", "three"]
    assert (await errors(accounts[1]))["tidy"]["error"] == "what it waited for was cancelled"


async def test_account_whose_lock_is_held_is_left_out(accounts):
    async def work(account):
        return account.name

    async with lock(f"tidy:{accounts[0].pk}", 20) as ours:
        assert ours
        given = await rounds.side_by_side("tidy", accounts, work, deadline_seconds=5)
        assert list(given.values()) == ["two", "three"]
        assert await rounds.guarded("tidy", accounts[0], work, deadline_seconds=5) == "one"


async def test_error_that_cannot_be_stored_stops_nobody(accounts, monkeypatch, caplog):
    async def work(account):
        if account.name == "two":
            raise ValueError("no")
        return account.name

    def away(*_):
        raise OSError("the database is away")

    monkeypatch.setattr(round_errors, "store", away)
    monkeypatch.setattr(round_errors, "clear", away)
    given = await rounds.side_by_side("tidy", accounts, work, deadline_seconds=5)
    assert list(given.values()) == ["one", "three"]
    assert "could not be stored" in caplog.text


async def test_disabled_accounts_are_left_out(accounts):
    await sync_to_async(type(accounts[0]).objects.filter(name="two").update)(enabled=False)
    seen = []

    async def work(account):
        seen.append(account.name)

    await rounds.for_each_account("tidy", work, deadline_seconds=5)
    assert sorted(seen) == ["one", "three"]


def test_no_loop_over_accounts_awaits_outside_the_helper():
    found = [
        f"{path.relative_to(settings.BASE_DIR)}:{line}"
        for app in APPS
        for path in (settings.BASE_DIR / app).rglob("*.py")
        for line in loops_over_accounts(ast.parse(path.read_text()))
    ]
    assert not found, f"use sandboxes.core.rounds: {found}"


LOOPS = [
    "async def f():\n    for a in await sync_to_async(accounts.enabled_accounts)():\n        await g(a)",
    "async def f():\n    s = enabled_accounts()\n    some = s[1:]\n    for a in some:\n        async with a: pass",
    "async def f():\n    return [await g(a) for a in enabled_accounts()]",
    "async def f():\n    for a in fleets():\n        await g(a)",
    "async def f():\n    async for a in Account.objects.filter(enabled=True):\n        await g(a)",
]


@pytest.mark.parametrize("source", LOOPS)
def test_loop_over_accounts_is_found(source):
    assert list(loops_over_accounts(ast.parse(source)))


@pytest.mark.parametrize("source", [
    "def f():\n    for a in enabled_accounts():\n        print(a)",
    "async def f():\n    names = [a.name for a in enabled_accounts()]\n    await g(names)",
])  # fmt: skip
def test_loop_without_await_is_no_finding(source):
    assert not list(loops_over_accounts(ast.parse(source)))


# Loops that wait for nothing: what each does for an account can't fail for one alone, or is guarded in its place.
PLAIN_LOOPS = {
    "dashboard/accounts/same_fleet.py:name_of": "compares IDs",
    "dashboard/palette/places.py:accounts": "words",
    "dashboard/system/doctor/backends.py:accounts": "a command; each finding is guarded",
    "dashboard/system/doctor/webhooks.py:webhooks": "a command; each finding is guarded",
    "events/own_acts.py:_answered": "sorts",
    "sandboxes/actions/settling.py:_learn_pause": "one small write under a lock that is held",
    "sandboxes/cleanup/reaper/round.py:judge_policy": "each account is guarded there",
    "sandboxes/cleanup/whatif/now.py:judged_now": "a preview is of all or of none",
    "sandboxes/core/secrets_at_rest.py:learn": "fields of one account",
    "sandboxes/fleet/same_fleets.py:recognise": "one small write each",
}


def test_loops_that_await_nothing_are_known_each_with_its_reason():
    found = {
        f"{path.relative_to(settings.BASE_DIR).as_posix()}:{function}"
        for app in APPS
        for path in (settings.BASE_DIR / app).rglob("*.py")
        for function in plain_loops(ast.parse(path.read_text()))
    }
    assert found == set(PLAIN_LOOPS), "use sandboxes.core.rounds, in_turn where nothing is awaited"


def test_every_source_of_accounts_is_known_to_the_search():
    """What gives all accounts at once, in the one module that says which are at work, is looked for above."""
    tree = ast.parse((settings.BASE_DIR / "sandboxes/core/accounts.py").read_text())
    given = {
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef) and one.returns and ast.unparse(one.returns) == "list[Account]"
    }
    assert {name for name in given if not name.startswith("_")} == SOURCES - {"failing", "Account"}


# Each gives accounts: those of `core/accounts`, those that fail (`round_errors`), and the model's own queries.
SOURCES = {"enabled_accounts", "held_accounts", "kept_accounts", "fleets", "failing", "Account"}
AWAITS = (ast.Await, ast.AsyncWith, ast.AsyncFor)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def loops_over_accounts(tree: ast.AST) -> Iterator[int]:
    """Lines of loops in async functions that await for each of what a source of accounts gave, directly or by name."""
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef):
            names = names_of_accounts(function)
            loops = (node for node in ast.walk(function) if is_awaiting_loop(node, names))
            yield from (node.lineno for node in loops if isinstance(node, ast.stmt | ast.expr))


def plain_loops(tree: ast.AST) -> Iterator[str]:
    """Names of the functions, not async ones, with a loop over what a source of accounts gave."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names = names_of_accounts(function)
            if any(isinstance(node, ast.For) and mentions(node.iter, names) for node in ast.walk(function)):
                yield function.name


def names_of_accounts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """What accounts are called in it: their sources, and what these were assigned to."""
    names = set(SOURCES)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and mentions(node.value, names):
            names |= {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return names


def is_awaiting_loop(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.For | ast.AsyncFor):
        return mentions(node.iter, names) and any(
            isinstance(one, AWAITS) for part in node.body for one in ast.walk(part)
        )
    if isinstance(node, COMPREHENSIONS):
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        awaits = any(isinstance(one, AWAITS) for part in parts for one in ast.walk(part))
        return awaits and any(mentions(one.iter, names) for one in node.generators)
    return False


def mentions(node: ast.AST, names: set[str]) -> bool:
    return any(
        (isinstance(one, ast.Name) and one.id in names) or (isinstance(one, ast.Attribute) and one.attr in names)
        for one in ast.walk(node)
    )
