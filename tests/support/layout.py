"""What somebody with eyes finds wrong with a page: text cut off, overlaps, what leaves it, what moves."""

from playwright.sync_api import Page

MOST_SHIFT = 0.05

# Told as early as there is a page: whatever moved although nobody had just touched anything.
WATCH_SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    const moved = one.sources.map(({ node, previousRect: from, currentRect: to }) =>
      `${node?.nodeName}.${node?.className} from ${from.y}+${from.height} to ${to.y}+${to.height}`);
    if (!one.hadRecentInput) shifts.push([one.value, moved.join(", ")]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""

# WCAG 2.2, 1.4.12. A sheet that a script makes is not what the policy keeps out.
SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets.push(sheet);
}"""

SLIPS = """() => {
  const slips = [];
  const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !node.closest(".visually-hidden, [aria-hidden=true], noscript, option, script, style, template");
  const said = (node) => node.textContent.trim().slice(0, 30);
  const name = (node) => `${node.tagName.toLowerCase()}.${node.className} “${said(node)}”`;
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth + 1) slips.push(`the page is ${page.scrollWidth} wide in ${innerWidth}`);
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const parent = node.parentElement;
    if (!node.textContent.trim() || !parent || !shown(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 2 || box.height < 2) continue;
      if (box.left < -1 || box.right > page.clientWidth + 1) slips.push(`beside the page: ${name(parent)}`);
      texts.push({ parent, box });
    }
    for (let up = parent; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      if (["auto", "scroll"].includes(style.overflowX) || ["auto", "scroll"].includes(style.overflowY)) break;
      const [whole, box] = [range.getBoundingClientRect(), up.getBoundingClientRect()];
      if (whole.right > box.right + 1 || whole.left < box.left - 1 || whole.bottom > box.bottom + 1) {
        slips.push(`cut off: ${name(parent)}`);
      }
      break;
    }
  }
  for (const field of document.querySelectorAll("button, select, input:not([type=hidden])")) {
    if (shown(field) && field.scrollWidth > field.clientWidth + 1 && field.tagName === "BUTTON") {
      slips.push(`too narrow: ${name(field)}`);
    }
  }
  for (let one = 0; one < texts.length; one += 1) {
    for (let two = one + 1; two < texts.length; two += 1) {
      const [a, b] = [texts[one], texts[two]];
      if (a.parent === b.parent) continue;
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      // Boxes of lines are higher than their letters: a third of one may lie in the next.
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (wide > 2 && high > Math.min(a.box.height, b.box.height) / 3) {
        slips.push(`overlap: ${name(a.parent)} and ${name(b.parent)}`);
      }
    }
  }
  return [...new Set(slips)];
}"""


def slips(page: Page) -> list[str]:
    """What is cut off, lies over something else or leaves the page, a line each."""
    found: list[str] = page.evaluate(SLIPS)
    return found


def space_text(page: Page) -> None:
    """Set lines, words and letters as far apart as a reader may ask for."""
    page.evaluate(SPACING)


def assert_still(page: Page) -> None:
    """Next to nothing moved by itself since the page began, as browsers count it; needs WATCH_SHIFTS."""
    shifts: list[tuple[float, str]] = page.evaluate("shifts")
    assert sum(value for value, _moved in shifts) < MOST_SHIFT, shifts
