// Figures renew themselves while somebody looks: not in a hidden tab, not while a table is open and being read.
const EVERY = 20000;
const place = document.querySelector("[data-refresh]");
let tag = "";
let last = Date.now();
let timer = 0;

async function renew() {
  if (document.hidden || place.querySelector("details[open]")) return;
  last = Date.now();
  const headers = tag ? { "If-None-Match": tag } : {};
  const answer = await fetch(place.dataset.refresh, { headers, cache: "no-store", redirect: "manual" }).catch(() => null);
  if (!answer || answer.status === 304 || answer.status >= 500) return;
  if (!answer.ok) {
    clearInterval(timer); // signed out, or gone: what is shown stays
    return;
  }
  tag = answer.headers.get("ETag") ?? "";
  const text = await answer.text();
  if (place.querySelector("details[open]")) return;
  const link = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.innerHTML = text;
  if (link) place.querySelector(`[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
}

if (place) {
  timer = setInterval(renew, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - last > EVERY) renew();
  });
}
