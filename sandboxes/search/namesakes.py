"""One ID under several accounts: one sandbox seen twice (accounts of one project), or two of different backends."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection

from sandboxes.models import Account, Sandbox

# Two accounts show one fleet when half of what the smaller one has alive is alive in the other one too.
_SAME = """
    WITH alive AS (SELECT account_id, sandbox_id FROM sandboxes_sandbox WHERE state <> 'ended'),
    sizes AS (SELECT account_id, count(*) AS n FROM alive GROUP BY 1),
    shared AS (
        SELECT a.account_id AS one, b.account_id AS other, count(*) AS n
        FROM alive a JOIN alive b ON b.sandbox_id = a.sandbox_id AND b.account_id > a.account_id
        WHERE a.account_id = ANY(%(accounts)s) AND b.account_id = ANY(%(accounts)s) GROUP BY 1, 2
    )
    SELECT one, other FROM shared
    JOIN sizes s ON s.account_id = one JOIN sizes t ON t.account_id = other
    WHERE 2 * shared.n >= least(s.n, t.n) ORDER BY 1, 2"""


@dataclass(frozen=True)
class Namesake:
    """Where a sandbox of this ID lives."""

    key: int
    id: str
    account: str
    url: str


class Ambiguous(Exception):
    """Several backends have a sandbox of this ID: only an account's name tells which is meant (REST: 300)."""

    def __init__(self, namesakes: list[Namesake]) -> None:
        accounts = ", ".join(one.account for one in namesakes)
        super().__init__(f"sandbox {namesakes[0].id} is alive in {accounts}: name the account")
        self.namesakes = namesakes


def same_fleets(accounts: Collection[int]) -> dict[int, int]:
    """For each account that shows the fleet of an older one, that older one."""
    with connection.cursor() as cursor:
        cursor.execute(_SAME, {"accounts": list(accounts)})
        found: dict[int, int] = {}
        for one, other in cursor.fetchall():
            found.setdefault(other, found.get(one, one))
        return found


def refuse_ambiguous(sandbox_ids: Iterable[str], accounts: Collection[int]) -> None:
    """Raises Ambiguous for the first of these IDs that is alive in several accounts which are not of one fleet."""
    if len(accounts) < 2:
        return
    alive = Sandbox.objects.filter(sandbox_id__in=list(sandbox_ids), account__in=accounts).exclude(state="ended")
    by_id: dict[str, list[Namesake]] = {}
    rows = alive.order_by("account").values_list("pk", "sandbox_id", "account_id", "account__name", "account__url")
    owners: dict[int, int] = {}
    for key, sandbox_id, account, name, url in rows:
        by_id.setdefault(sandbox_id, []).append(Namesake(key, sandbox_id, name, url))
        owners[key] = account
    several = {name: namesakes for name, namesakes in by_id.items() if len(namesakes) > 1}
    if not several:
        return
    fleets = same_fleets(accounts)
    for namesakes in several.values():
        if len({fleets.get(owners[one.key], owners[one.key]) for one in namesakes}) > 1:
            raise Ambiguous(namesakes)


def older_accounts(accounts: Collection[Account]) -> dict[str, str]:
    """By name, for each account that shows the fleet of an older one, the older one's name."""
    names = {account.pk: account.name for account in accounts}
    return {names[other]: names[one] for other, one in same_fleets(list(names)).items()}
