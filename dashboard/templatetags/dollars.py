"""How the Cost page writes sums, changes and names of groups: `{% load dollars %}`."""

from collections.abc import Mapping
from decimal import Decimal

from django import template

from dashboard.ui import formats

register = template.Library()


@register.filter
def dollars(value: Decimal | float | None) -> str:
    """`$2,505` from a thousand on, cents under it, tenths of a cent under a dollar; `$0` for nothing."""
    if not value:
        return formats.DASH if value is None else "$0"
    usd = float(value)
    return f"${formats.whole(usd)}" if abs(usd) >= 1000 else formats.usd(usd)


@register.filter
def change(pct: float | None) -> str:
    """`+7.5%`, `−4.6%`; `new` when there was nothing before, tenfold and more as a factor."""
    if pct is None:
        return "new"
    if pct >= 900:
        return f"× {formats.fixed(pct / 100 + 1)}"
    return f"{'−' if pct < 0 else '+'}{formats.percent(abs(pct))}"


@register.filter
def named(group: str, names: Mapping[str, str]) -> str:
    """A group's name where it has one beside its ID."""
    return names.get(group, group)


@register.filter
def cores_and_memory(size: tuple[int, int]) -> str:
    """`2 vCPU, 512 MiB`."""
    cores, memory_mb = size
    return f"{cores} vCPU, {formats.round_size(memory_mb * formats.MIB)}"


@register.filter
def signed(value: Decimal | float) -> str:
    """A change of money: `+$12.30`, `−$4`; a dash for less than half a cent."""
    usd = float(value)
    return formats.DASH if abs(usd) < 0.005 else f"{'−' if usd < 0 else '+'}{dollars(abs(usd))}"
