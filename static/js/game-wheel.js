// A wheel of segments that lie face down and are all alike: which one it stops at means nothing, and no other is turned up.
import { ended, pause } from "./game.js";

const TURNS = 4;
const SPIN = 1700;
const EASE = "cubic-bezier(0.14, 0.68, 0.08, 1)";

/** Give back the spin. */
export function set({ scene, sound }) {
  const disc = scene.querySelector("[data-disc]");
  const pointer = scene.querySelector("[data-pointer]");
  const turned = scene.querySelector("[data-turned]");
  const segments = [...disc.querySelectorAll("[data-segment]")];
  const size = 360 / segments.length;

  return async () => {
    const chosen = Math.floor(Math.random() * segments.length);
    const end = 360 * TURNS - chosen * size; // its middle under the pointer
    const spin = disc.animate({ rotate: ["0deg", `${end}deg`] }, { duration: SPIN, easing: EASE, fill: "forwards" });
    let passed = 0;
    const follow = () => {
      const part = spin.effect.getComputedTiming().progress;
      if (part === null || part >= 1) return;
      const count = Math.floor((part * end + size / 2) / size);
      if (count !== passed) {
        passed = count;
        sound.tick();
        pointer.animate({ rotate: ["0deg", "-14deg", "0deg"] }, { duration: 110, easing: "ease-out" });
      }
      requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
    await ended(spin);
    sound.stop();
    segments[chosen].classList.add("lit");
    await pause(160);
    turned.classList.add("up");
    const rise = [
      { opacity: 0, transform: "translateY(-94%) scale(0.3) rotateY(90deg)" },
      { opacity: 1, transform: "translateY(-94%) scale(0.42) rotateY(0deg)", offset: 0.4 },
      { opacity: 1, transform: "none" },
    ];
    await ended(turned.animate(rise, { duration: 620, easing: "cubic-bezier(0.2, 0.9, 0.25, 1)", fill: "forwards" }));
    await pause(260);
  };
}
