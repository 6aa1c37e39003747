"""An account in REST: how it is sent and how it is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dashboard.accounts.capability_words import Capability, table
from dashboard.api.errors import bad_request
from dashboard.api.health import AccountState
from dashboard.api.params import Form, Text
from dashboard.settings.forms import MOST_ACTS, MOST_KEYS, SHORTEST_SECRET
from sandboxes.models import Account
from sandboxes.models.fields import is_set
from sandboxes.policies import pairs

Actions = Literal["none", "people", "policies"]


def _pairs(words: list[str]) -> list[str]:
    try:
        pairs(words)
    except ValueError as wrong:
        raise PydanticCustomError("pairs", "{why}", {"why": str(wrong)}) from None
    return words


def _printable(keys: list[str]) -> list[str]:
    if not all(key.isprintable() and key.strip() == key for key in keys):
        raise PydanticCustomError("keys", "a key is printable and has no spaces around it")
    return list(dict.fromkeys(keys))


Key = Annotated[str, Field(strict=True, min_length=1, max_length=128)]
Keys = Annotated[list[Key], Field(max_length=MOST_KEYS), AfterValidator(_printable)]
Pair = Annotated[str, Field(strict=True, min_length=1, max_length=128)]
Kept = Annotated[list[Pair], Field(max_length=MOST_KEYS), AfterValidator(_printable), AfterValidator(_pairs)]
ApiKey = Annotated[str, Field(strict=True, min_length=1, max_length=512, pattern=r"^[!-~]+$")]
Secret = Annotated[str, Field(strict=True, min_length=SHORTEST_SECRET, max_length=256, pattern=r"^[!-~]+$")]
Title = Annotated[Text, Field(max_length=100)]
Flag = Annotated[bool, Field(strict=True)]
Url = Annotated[Text, Field(min_length=1, max_length=200)]
Most = Annotated[int, Field(strict=True, ge=0, le=MOST_ACTS)]
Cap = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=50, pattern=r"^[-a-zA-Z0-9_]+$")]


NULLABLE: Final = frozenset({"brake", "store_metadata_keys", "cap", "api_key", "webhook_secret"})


class BrakeLimits(Form):
    """Acts of all policies together; one that is left out is the default."""

    per_hour: Most | None = None
    per_day: Most | None = None


class AccountChange(Form):
    """What is left out stays; null removes where a field may be null. `confirm`: the name, to raise `actions`."""

    title: Title | None = None
    url: Url | None = None
    enabled: Flag | None = None
    actions: Actions | None = None
    brake: BrakeLimits | None = None
    owner_keys: Keys | None = None
    environment_keys: Keys | None = None
    keep_metadata: Kept | None = None
    store_metadata_keys: Keys | None = None
    cap: Cap | None = None
    api_key: ApiKey | None = None
    webhook_secret: Secret | None = None
    confirm: Text = ""

    def given(self) -> dict[str, Any]:
        """The fields that were sent, as columns take them. Raises Refusal 400 for a null where none may be."""
        sent: Mapping[str, Any] = self.dict(exclude_unset=True)
        if wrong := [name for name, value in sent.items() if value is None and name not in NULLABLE]:
            raise bad_request(f"{wrong[0]}: null is no value of it", {"field": wrong[0]})
        given = {name: value for name, value in sent.items() if name not in {"confirm", "name"}}
        if given.get("brake"):
            given["brake"] = {name: most for name, most in given["brake"].items() if most is not None} or None
        return given


class AccountBody(AccountChange):
    """A new one; owner, environment and keep keys are the environment's unless given."""

    name: Name
    url: Url
    actions: Actions = "none"


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """Never with its secrets: `…_set_at` is when one was entered, null for none. `health` as `/health` has it."""

    name: str
    title: str
    url: str
    enabled: bool
    actions: Actions
    brake: dict[str, int] | None
    owner_keys: list[str]
    environment_keys: list[str]
    keep_metadata: list[str]
    store_metadata_keys: list[str] | None
    cap: int | None
    capabilities: dict[str, Capability]
    health: AccountState
    same_fleet_as: str | None
    api_key_set_at: datetime | None
    webhook_secret_set_at: datetime | None
    created_at: datetime


def view(account: Account, health: AccountState, names: Mapping[int, str]) -> AccountView:
    """As it is read; `names` are those of the accounts that the caller holds, by key."""
    since = account.created_at  # of what was entered before that was noted
    key_at = (account.api_key_at or since) if is_set(account, "api_key") else None
    secret_at = (account.webhook_secret_at or since) if is_set(account, "webhook_secret") else None
    return AccountView(
        name=account.name, title=account.title, url=account.url, enabled=account.enabled,
        actions=account.actions, brake=account.brake, owner_keys=account.owner_keys,  # type: ignore[arg-type]
        environment_keys=account.environment_keys, keep_metadata=account.keep_metadata,
        store_metadata_keys=account.store_metadata_keys, cap=account.cap, capabilities=table(account.capabilities),
        health=health, same_fleet_as=names.get(account.same_fleet_as_id or 0), api_key_set_at=key_at,
        webhook_secret_set_at=secret_at, created_at=account.created_at,
    )  # fmt: skip
