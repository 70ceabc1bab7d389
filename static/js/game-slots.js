// Three reels. Each window shows one symbol: nothing stands just above or below the line.
import { ended, pause } from "./game.js";

const FIRST = 1000;
const EACH = 330;

/** Give back the spin. */
export function set({ scene, sound, won }) {
  const strips = [...scene.querySelectorAll("[data-strip]")];

  async function turn(strip, place) {
    const symbols = strip.children;
    const far = (symbols.length - 1) * 100;
    const reel = strip.parentElement;
    reel.classList.add("turning");
    const spin = strip.animate(
      { transform: ["translateY(0)", `translateY(-${far + 5}%)`, `translateY(-${far}%)`], offset: [0, 0.9, 1] },
      { duration: FIRST + place * EACH, easing: "cubic-bezier(0.3, 0.15, 0.2, 1)", fill: "forwards" },
    );
    setTimeout(() => reel.classList.remove("turning"), (FIRST + place * EACH) * 0.55);
    await ended(spin);
    sound.stop();
    if (won) reel.classList.add("hit");
  }

  return async () => {
    await Promise.all(strips.map(turn));
    await pause(won ? 620 : 520);
  };
}
