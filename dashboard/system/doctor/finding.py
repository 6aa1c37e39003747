"""One thing that the doctor looked at."""

from typing import Literal

import msgspec

State = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """`says` is what was seen, `cure` what to do about it (empty where nothing is to be done)."""

    name: str
    state: State
    says: str
    cure: str = ""
