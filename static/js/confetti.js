// The one moment of joy: a short burst in the campaign's own colours. Silent for people who asked for less motion.
import confetti from "../vendor/canvas-confetti@1.9.4/confetti.module.mjs";

let burst = null;

/** Our own canvas: the library's default one would start a worker from a blob, which our policy rightly forbids. */
function stage() {
  if (!burst) {
    const canvas = document.createElement("canvas");
    canvas.className = "confetti";
    canvas.setAttribute("aria-hidden", "true");
    document.body.append(canvas);
    burst = confetti.create(canvas, { resize: true, useWorker: false, disableForReducedMotion: true });
  }
  return burst;
}

/** A burst from the middle of `node`. Returns a promise, or null where nothing moves. */
export function celebrate(node) {
  const box = node.getBoundingClientRect();
  const fire = stage();
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
  fire({ ...shared, particleCount: 44, angle: 65, spread: 52, startVelocity: 34 });
  return fire({ ...shared, particleCount: 44, angle: 115, spread: 52, startVelocity: 34 });
}
