"""How many of those that are chosen are orphans."""

from typing import Final

from sandboxes.fleet.search.queries import HELD_FOR_ORPHAN

ORPHANS: Final = f"SELECT count(*) FROM sandboxes_sandbox s WHERE s.id = ANY(%(keys)s) AND {HELD_FOR_ORPHAN}"
