"""The templates a simulated team owns: names, sizes and how often each is used."""

from dataclasses import dataclass
from random import Random

from simulator import ids


@dataclass(frozen=True, slots=True)
class Template:
    """One template; `weight` is its share among births (0: only on request), sizes as allocated to each sandbox."""

    id: str
    build_id: str
    alias: str
    cpu_count: int
    memory_mb: int
    disk_mb: int
    envd_version: str
    weight: int
    age_days: int


# alias, cores, MiB of memory, MiB of disk, agent version, weight, days since it was made
_KINDS = (
    ("code-interpreter-v1", 2, 1024, 10240, "0.6.3", 34, 210),
    ("base", 2, 512, 10240, "0.6.3", 14, 300),
    ("desktop", 4, 8192, 20480, "0.6.1", 7, 160),
    ("swe-agent", 4, 4096, 20480, "0.6.3", 15, 95),
    ("browser-use", 2, 2048, 15360, "0.6.2", 13, 120),
    ("eval-runner", 8, 8192, 20480, "0.6.3", 6, 60),
    ("node-22", 2, 1024, 10240, "0.6.0", 9, 75),
    # Agents of before 0.5.9 do not tell the page cache, those of before 0.1.5 tell nothing at all.
    ("data-science", 4, 4096, 20480, "0.5.7", 2, 330),
    ("legacy-ocr", 1, 512, 5120, "0.1.4", 0, 620),
)


def catalogue(seed: int) -> tuple[Template, ...]:
    """The team's templates; their IDs depend on `seed` only."""
    chance = Random(f"{seed}:templates")
    return tuple(
        Template(ids.template_id(chance), ids.uuid4(chance), alias, cores, memory, disk, envd, weight, days)
        for alias, cores, memory, disk, envd, weight, days in _KINDS
    )


def named(templates: tuple[Template, ...], name: str) -> Template | None:
    """The template a request means by its ID, alias, `namespace/alias` or any of these with a `:tag`."""
    bare = name.split(":", 1)[0].rsplit("/", 1)[-1]
    return next((template for template in templates if bare in (template.id, template.alias)), None)
