// The one moment of joy: a short burst in the campaign's own colours. Silent for people who asked for less motion.
import confetti from "../vendor/canvas-confetti@1.9.4/confetti.module.mjs";

/** A burst from the middle of `node`. Returns a promise, or null where nothing moves. */
export function celebrate(node) {
  const box = node.getBoundingClientRect();
  const style = getComputedStyle(node);
  const colours = ["--accent", "--accent-border", "--ink", "--line-strong"].map((name) => style.getPropertyValue(name).trim());
  const shared = {
    colors: colours,
    disableForReducedMotion: true,
    origin: {
      x: (box.left + box.width / 2) / innerWidth,
      y: Math.min(Math.max((box.top + box.height / 2) / innerHeight, 0.1), 0.9),
    },
    ticks: 130,
    gravity: 0.9,
    scalar: 0.85,
  };
  confetti({ ...shared, particleCount: 34, angle: 65, spread: 52, startVelocity: 34 });
  return confetti({ ...shared, particleCount: 34, angle: 115, spread: 52, startVelocity: 34 });
}
