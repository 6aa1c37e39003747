"""What must hold of a page wherever a journey ends: nothing overflows, is cut off or fails axe; focus is seen."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RUN_AXE: Final = """
() => axe.run().then(
  ({ violations }) => violations.map((one) => [one.id, one.nodes.map((node) => node.target.join(" "))]),
)
"""
OVERFLOW: Final = "() => document.scrollingElement.scrollWidth - innerWidth"
# Controls that stick out of the window with no way to scroll to them, and figures or words whose end is not there.
# A name may lose its end where an ellipsis says so; a figure may not.
CUT_OFF: Final = """
() => {
  const found = [];
  const visible = { checkOpacity: true, checkVisibilityCSS: true };
  const shown = (one) => one.checkVisibility(visible) && !one.closest(".vh, .skip");
  const scrolls = (one) => {
    for (let at = one; at && at !== document.body; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
    }
    return false;
  };
  const words = (one) => `"${one.textContent.trim().slice(0, 40)}"`;
  const named = (one) => `${one.tagName.toLowerCase()}.${one.className.baseVal ?? one.className} ${words(one)}`;
  for (const one of document.querySelectorAll("a, button, summary, input, select, textarea")) {
    if (!shown(one) || !one.getClientRects().length) continue;
    const { left, right, width } = one.getBoundingClientRect();
    if (width && (left < -1 || right > innerWidth + 1) && !scrolls(one)) found.push(`outside: ${named(one)}`);
    const box = one.closest(".d, p, li, td")?.getBoundingClientRect();
    if (width && box && left > box.right && !scrolls(one)) found.push(`hidden: ${named(one)}`);
  }
  const texts = "td, th, .v, .k, .d, .btn, p, h1, h2, h3, li, dd, dt, b, label, summary";
  for (const one of document.querySelectorAll(texts)) {
    if (!shown(one) || one.scrollWidth <= one.clientWidth + 1) continue;
    const style = getComputedStyle(one);
    if (style.display === "inline" || !/hidden|clip/.test(style.overflowX)) continue;
    const figure = one.matches("td.r, .v, td.c-age, td.c-end, td.c-cost");
    if (figure || style.textOverflow !== "ellipsis") found.push(`cut: ${named(one)}`);
  }
  return found;
}
"""
# The one that has the focus shows it: an outline or a ring of its own, or of what stands around it.
SHOWS_FOCUS: Final = """
(one) => {
  const seen = (at) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(at);
    const line = outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && !/, 0\\)$|transparent/.test(outlineColor);
    return line || boxShadow !== "none";
  };
  const around = one.closest(".jump, .palette .ask, tr.cur");
  return seen(one) || (around !== null && (seen(around) || around.matches(":focus-within")));
}
"""
MOVING: Final = """
() => document.getAnimations()
  .filter((one) => one.playState === "running")
  .map((one) => `${one.animationName ?? one.transitionProperty}`)
"""


def no_overflow(page: Page) -> None:
    """The page is no wider than the window."""
    wider = page.evaluate(OVERFLOW)
    assert wider <= 0, f"{page.url} is {wider} px wider than the window"


def nothing_cut_off(page: Page) -> None:
    """Every control can be reached, every figure is whole."""
    found: list[str] = page.evaluate(CUT_OFF)
    assert found == [], f"{page.url}: {found}"


def accessible(page: Page) -> None:
    """axe-core has nothing to complain about."""
    page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(RUN_AXE)
    assert found == [], f"{page.url}: {found}"
