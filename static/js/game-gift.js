// A box: the lid goes off, and what is in it comes up.
import { ended, pause } from "./game.js";

/** Give back the opening. */
export function set({ scene, sound }) {
  const box = scene.querySelector("[data-box]");
  const lid = scene.querySelector("[data-lid]");
  const body = scene.querySelector("[data-body]");
  const inside = scene.querySelector("[data-inside]");

  return async () => {
    box.classList.add("opening");
    const shake = { rotate: ["0deg", "-2.5deg", "2.2deg", "-1.5deg", "1deg", "0deg"] };
    await ended(box.animate(shake, { duration: 420, easing: "ease-in-out" }));
    sound.stop();
    const off = [
      { transform: "none", opacity: 1 },
      { transform: "translate(14px, -70px) rotate(9deg)", opacity: 1, offset: 0.5 },
      { transform: "translate(64px, -96px) rotate(26deg)", opacity: 0 },
    ];
    lid.animate(off, { duration: 760, easing: "cubic-bezier(0.25, 0.7, 0.3, 1)", fill: "forwards" });
    body.animate(
      { transform: ["none", "scale(1.03, 0.965)", "scale(0.99, 1.012)", "none"] },
      { duration: 520, easing: "ease-out" },
    );
    const up = [
      { opacity: 0, transform: "translateY(58%) scale(0.45)" },
      { opacity: 1, transform: "translateY(6%) scale(0.86)", offset: 0.45 },
      { opacity: 1, transform: "none" },
    ];
    await ended(inside.animate(up, { duration: 900, delay: 140, easing: "cubic-bezier(0.2, 0.9, 0.25, 1)", fill: "both" }));
    await pause(280);
  };
}
