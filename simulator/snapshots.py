"""Snapshots: captures of running sandboxes, each a template of its own that sandboxes can be created from."""

from dataclasses import dataclass, replace
from random import Random

from simulator import ids
from simulator.errors import BadRequest, TooMany
from simulator.sandbox import Sandbox
from simulator.templates import Template

NAMESPACE = "simulated"
_DEFAULT_TAG = "default"
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest capture under one name, or one without a name; `template` is what a create from it starts."""

    template: Template
    tag: str
    sandbox_id: str

    @property
    def id(self) -> str:
        """With its tag: `simulated/name:tag`, or `templateID:tag` without a name."""
        return self.names[0] if self.names else f"{self.template.id}:{self.tag}"

    @property
    def names(self) -> list[str]:
        return [f"{NAMESPACE}/{self.template.alias}:{self.tag}"] if self.template.alias else []


class Snapshots:
    """The team's snapshots by template ID, oldest first. A second capture under a name replaces the first."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(f"{seed}:snapshots")
        self._by_template: dict[str, Snapshot] = {}

    def take(self, sandbox: Sandbox, name: str) -> Snapshot:
        """A capture of the sandbox as `name` or `name:tag`; `name` may be empty. TooMany past 10,000."""
        bare, tag = _split(name)
        known = self.named(bare) if bare else None
        if known is None and len(self._by_template) >= _MOST:
            raise TooMany(f"the simulator keeps {_MOST:,} snapshots")
        template_id = known.template.id if known else ids.template_id(self._chance)
        template = replace(
            sandbox.template, id=template_id, build_id=ids.uuid4(self._chance), alias=bare, weight=0, age_days=0
        )
        taken = Snapshot(template, tag, sandbox.id)
        self._by_template[template_id] = taken
        return taken

    def named(self, name: str) -> Snapshot | None:
        """The snapshot that a template ID or name means, with or without namespace and tag."""
        bare, _ = _split(name)
        found = (one for one in self._by_template.values() if bare in (one.template.id, one.template.alias))
        return next(found, None) if bare else None

    def listed(self, sandbox_id: str = "", name: str = "") -> list[Snapshot]:
        """Those of one sandbox, and of one name or ID; empty for any."""
        bare, tag = _split(name)
        return [
            one
            for one in self._by_template.values()
            if sandbox_id in ("", one.sandbox_id)
            and (not name or bare in (one.template.id, one.template.alias))
            and (":" not in name or tag == one.tag)
        ]

    def delete(self, snapshot: Snapshot) -> None:
        del self._by_template[snapshot.template.id]


def _split(name: str) -> tuple[str, str]:
    """Name without namespace, and tag."""
    bare, colon, tag = name.rpartition("/")[2].partition(":")
    if colon and not tag:
        raise BadRequest(f"invalid name '{name}'")
    return bare, tag or _DEFAULT_TAG
