// Time left, told in the page's language and kept up to date. The server has written a text already; this keeps it true.
const lang = document.documentElement.lang || "en";
const unit = (count, name) =>
  new Intl.NumberFormat(lang, { numberingSystem: "latn", style: "unit", unit: name, unitDisplay: "long" }).format(count);

/** The largest unit, and the next one where it still matters. */
function words(seconds) {
  const parts = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const first = parts.findIndex(([, size]) => seconds >= size);
  const [name, size] = parts[first];
  const count = Math.floor(seconds / size);
  const rest = parts[first + 1] ? Math.floor((seconds % size) / parts[first + 1][1]) : 0;
  if (!rest || count > 6) return unit(count, name);
  return new Intl.ListFormat(lang, { type: "unit", style: "narrow" }).format([unit(count, name), unit(rest, parts[first + 1][0])]);
}

/** Bring one element up to date; its text keeps the words around the time as the server wrote them. */
function tick(node) {
  const left = Math.floor((Date.parse(node.dataset.countdown) - Date.now()) / 1000);
  node.textContent = left > 0 ? node.dataset.words.replace("{time}", words(left)) : node.dataset.done;
  return left;
}

// Whoever wants little movement sees a figure change once a minute, not every second.
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let timer;
function run() {
  clearTimeout(timer);
  const nodes = [...document.querySelectorAll("[data-countdown]")];
  if (!nodes.length) return;
  const least = Math.min(...nodes.map(tick).filter((left) => left > 0), Infinity);
  const rest = least > 7200 || calm.matches ? 60 : 1;
  if (least < Infinity) timer = setTimeout(run, 1000 * Math.min(rest, least));
}

run();
document.addEventListener("htmx:afterSettle", run);
document.addEventListener("visibilitychange", () => document.hidden || run());
