"""One ID under several accounts: one sandbox seen twice (accounts of one project), or two of different backends."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sandboxes.models import Sandbox


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


def refuse_ambiguous(sandbox_ids: Iterable[str], accounts: Collection[int]) -> None:
    """Raises Ambiguous for the first of these IDs that is alive in several of `accounts`, of which each has a fleet."""
    if len(accounts) < 2:
        return
    wanted = [one for one in sandbox_ids if "\0" not in one]
    alive = Sandbox.objects.filter(sandbox_id__in=wanted, account__in=accounts).exclude(state="ended")
    by_id: dict[str, list[Namesake]] = {}
    for key, sandbox_id, name, url in alive.order_by("account").values_list(
        "pk", "sandbox_id", "account__name", "account__url"
    ):
        by_id.setdefault(sandbox_id, []).append(Namesake(key, sandbox_id, name, url))
    for namesakes in by_id.values():
        if len(namesakes) > 1:
            raise Ambiguous(namesakes)
