// Beside a moment in a campaign's time zone: the same moment on the visitor's clock, where the two differ.
const said = document.documentElement.lang || "en";
const lang = said === "en" ? "en-GB" : said; // the day before the month, as on the page
const shape = (zone, far) =>
  new Intl.DateTimeFormat(lang, {
    ...(far ? { day: "numeric", month: "long" } : { weekday: "long" }),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  });

/** Once for each element with data-own-clock; data-zone names the campaign's zone. */
export function ownClock(place) {
  const time = place.querySelector("time");
  if (!time || "told" in place.dataset) return;
  place.dataset.told = "";
  const moment = new Date(time.dateTime);
  const far = Math.abs(moment - Date.now()) > 5 * 86400e3;
  const own = shape(undefined, far).format(moment);
  const zone = place.dataset.zone;
  if (zone && own === shape(zone, far).format(moment)) return;
  const words = document.createElement("span");
  words.className = "own-clock";
  words.textContent = ` (${place.dataset.ownClock.replace("{time}", own)})`;
  place.append(words);
}

/** All of them in the page, or in a part of it. */
export function ownClocks(part = document) {
  for (const place of part.querySelectorAll("[data-own-clock]")) ownClock(place);
}
