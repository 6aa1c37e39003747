"""Identifiers in the shapes of E2B's, drawn from a given source of chance."""

import string
from random import Random

_ALPHABET = string.ascii_lowercase + string.digits


def sandbox_id(chance: Random) -> str:
    """`i` and 20 lower-case letters and digits."""
    return "i" + "".join(chance.choices(_ALPHABET, k=20))


def template_id(chance: Random) -> str:
    """20 lower-case letters and digits."""
    return "".join(chance.choices(_ALPHABET, k=20))


def uuid4(chance: Random) -> str:
    """A UUID of version 4."""
    # Put together by hand: `uuid.UUID` costs several times as much, and a fleet's past draws tens of thousands.
    hexes = f"{chance.getrandbits(128):032x}"
    return f"{hexes[:8]}-{hexes[8:12]}-4{hexes[13:16]}-a{hexes[17:20]}-{hexes[20:]}"


def token(chance: Random) -> str:
    """A secret as the agent inside a sandbox wants it: 64 hex digits."""
    return f"{chance.getrandbits(256):064x}"
