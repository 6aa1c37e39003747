"""How a journey is walked: the window's size, the theme, by pointer, finger or keys alone."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Mode:
    """`width` and `height` in CSS px; `scale` 2 with half the size is a browser zoomed to 200%."""

    name: str
    width: int
    height: int
    theme: str = "dark"
    scale: float = 1
    touch: bool = False
    by_keys: bool = False

    @property
    def context(self) -> dict[str, Any]:
        """What Playwright opens a window with."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "device_scale_factor": self.scale,
            "has_touch": self.touch,
        }


DESK: Final = Mode("1440", 1440, 900)
KEYS: Final = Mode("keys", 1440, 900, theme="light", by_keys=True)
PHONE: Final = Mode("380", 380, 780, touch=True)
MATRIX: Final = (
    Mode("1440 light", 1440, 900, theme="light"),
    Mode("1024", 1024, 768),
    PHONE,
    Mode("380 light", 380, 780, theme="light", touch=True),
    Mode("200%", 720, 450, theme="light", scale=2),
    KEYS,
)
