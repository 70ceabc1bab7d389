// The frame of the games: covers the result, waits for the person, and uncovers it whatever happens.
import { sound } from "./sound.js";

const LONGEST = 4000; // a game that has begun is over by then, finished or not
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const MODULES = {
  scratch: () => import("./game-scratch.js"),
  wheel: () => import("./game-wheel.js"),
  slots: () => import("./game-slots.js"),
  gift: () => import("./game-gift.js"),
};

/** The script of one game. */
export function bring(game) {
  return MODULES[game]();
}

/** Cover the result of `card` with its game; `show` presents it once it is uncovered. */
export async function play(card, show, intoView) {
  const { set } = await bring(card.dataset.game);
  const result = card.querySelector("[data-result]");
  const face = result.querySelector("[data-face]");
  const parts = card.querySelector("[data-parts]").content.cloneNode(true);
  const frame = parts.firstElementChild;
  const start = frame.querySelector("[data-start]");
  const won = card.dataset.reveal === "won";
  let timer = 0;
  let over = false;

  /** The result stands in the open again. */
  const uncover = () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    frame.remove();
    card.classList.remove("playing");
    card.setAttribute("aria-labelledby", "reveal-title");
    result.hidden = false;
    show(card);
    sound.result(won);
  };

  card.classList.remove("fresh");
  card.classList.add("playing");
  card.removeAttribute("aria-labelledby"); // its name would tell
  result.hidden = true;
  card.prepend(frame);
  card.removeAttribute("data-autoplay");
  try {
    const scene = frame.querySelector("[data-scene]");
    const begin = () => {
      timer ||= setTimeout(uncover, LONGEST);
      start.setAttribute("aria-disabled", "true");
    };
    const run = set({ scene, face, won, sound, begin, still: calm.matches, done: uncover });
    start.addEventListener("click", async () => {
      if (timer) return;
      begin();
      if (calm.matches) {
        uncover();
        return;
      }
      try {
        await run();
      } finally {
        uncover();
      }
    });
    toggle(frame.querySelector("[data-sound]"));
    start.focus({ preventScroll: true });
    intoView(card);
  } catch {
    uncover();
  }
}

function toggle(button) {
  const tell = () => button.setAttribute("aria-pressed", String(sound.isOn()));
  tell();
  button.addEventListener("click", () => {
    sound.set(!sound.isOn());
    tell();
    sound.tick();
  });
}

/** Wait for an animation of the game to end. */
export function ended(animation) {
  return animation.finished.catch(() => {});
}

export function pause(milliseconds) {
  return new Promise((next) => setTimeout(next, milliseconds));
}
