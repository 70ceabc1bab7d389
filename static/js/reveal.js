// The result's card: shown at once, or first covered by the game the campaign has chosen. What was won stands in the page
// before any of this begins; a game that cannot play leaves the card as it is.
import "./countdown.js";
import { ownClocks } from "./own-clock.js";

const live = document.getElementById("announce");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Bring a campaign's game in early, so that it is there when the result comes. */
export function prepare(game) {
  return import("./game.js").then((frame) => frame.bring(game));
}

/** The result in the open: the title has the focus and is said aloud, and a win has its moment. */
export function show(card) {
  card.removeAttribute("data-autoplay");
  card.classList.add("fresh");
  const title = card.querySelector("h2");
  title.focus({ preventScroll: true });
  intoView(card);
  live.textContent = title.textContent.replace(/\s+/g, " ").trim();
  if (card.dataset.reveal === "won") {
    setTimeout(async () => {
      const { celebrate } = await import("./confetti.js");
      celebrate(card.querySelector(".float"));
    }, 350);
  }
}

/** A result that has just come, in the place of the form. */
export async function present(card) {
  dress(card);
  if ("autoplay" in card.dataset) await play(card);
  else show(card);
}

/** Cover the result with its game; a game that does not come leaves it in the open. */
export async function play(card) {
  try {
    const { play: begin } = await import("./game.js");
    await begin(card, show, intoView);
  } catch {
    show(card);
  }
}

/** Scroll no further than needed. */
function intoView(card) {
  const box = card.getBoundingClientRect();
  if (box.top >= 0 && (box.bottom <= innerHeight || box.top < innerHeight / 4)) return;
  card.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}

/** What a card can do once scripts run. */
export function dress(card) {
  for (const node of card.querySelectorAll("[data-needs-script]")) node.hidden = false;
  if (card.querySelector("[data-copy]")) import("./copy.js").then(({ offer }) => offer(card));
  ownClocks(card);
  const again = card.querySelector("[data-replay]");
  if (again) {
    again.hidden = false;
    again.addEventListener("click", () => play(card));
  }
}
