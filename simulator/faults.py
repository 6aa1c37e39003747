"""Faults on demand: a test or `--faults` says what is to go wrong, how often and how."""

from dataclasses import dataclass
from random import Random

_MESSAGES = {429: "too many requests", 500: "internal server error", 502: "bad gateway", 503: "service unavailable"}
_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0} {1}</h1></center></body></html>"


@dataclass(slots=True)
class Fault:
    """What happens to requests whose path begins with `path` and whose method is `method` (both empty: to all).

    `status` 0 lets the request through after `delay_seconds`. It hits a `share` of them, `times` at the most.
    """

    status: int = 0
    method: str = ""
    path: str = ""
    share: float = 1.0
    times: int | None = None
    message: str = ""
    retry_after: str = ""
    html: bool = False
    delay_seconds: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": self.retry_after} if self.retry_after else {}

    @property
    def sentence(self) -> str:
        return self.message or _MESSAGES.get(self.status, "injected fault")

    @property
    def page(self) -> bytes:
        """What a proxy in front of the API would answer."""
        return _HTML.format(self.status, self.sentence).encode()


class Faults:
    """The faults in force. `drop_webhooks` is the share of events whose delivery is never tried."""

    def __init__(self, seed: int, spec: str = "") -> None:
        self._chance = Random(f"{seed}:faults")
        self.rules: list[Fault] = []
        self.drop_webhooks = 0.0
        for part in filter(None, spec.split(",")):
            self._read(part.strip())

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; give it to `remove` to end it."""
        self.rules.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        self.rules.remove(fault)

    def clear(self) -> None:
        self.rules.clear()
        self.drop_webhooks = 0.0

    def hit(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request, if one does."""
        for fault in self.rules:
            if fault.times == 0 or (fault.method and fault.method != method) or not path.startswith(fault.path):
                continue
            if fault.share < 1.0 and self._chance.random() >= fault.share:
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    def drops(self) -> bool:
        """Whether the next webhook delivery is lost before it is tried."""
        return self.drop_webhooks > 0 and self._chance.random() < self.drop_webhooks

    def _read(self, part: str) -> None:
        kind, _, written = part.partition(":")
        try:
            share = float(written)
            if kind == "drop":
                self.drop_webhooks = share
            elif kind == "slow":
                self.add(Fault(share=share, delay_seconds=2.0))
            elif kind == "html":
                self.add(Fault(502, share=share, html=True))
            else:
                self.add(Fault(int(kind), share=share, retry_after="1" if kind in ("429", "503") else ""))
        except ValueError as error:
            raise ValueError(f"faults are written like 503:0.01,slow:0.05,html:0.01,drop:0.1, not {part!r}") from error
