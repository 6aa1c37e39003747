"""State = fold of all events, observed ones included, in any order, however often. Pure.

`fold(base, event)` merges one event into a `Base`; `view(base)` reads the sandbox and its runs out of it.
Every field of a Base is a register whose merge is commutative, associative and idempotent (a minimum, a maximum,
or the value with the highest stamp), so that any permutation, repetition or split of the same events ends alike.
The rules for ties and contradictions are written in `docs/architecture.md`, "The fold".
"""

from events.fold.base import Base, Look, Run
from events.fold.merge import fold
from events.fold.runs import RunView
from events.fold.view import View, before, view

__all__ = ["Base", "Look", "Run", "RunView", "View", "before", "fold", "view"]
