// A cover to scratch away with a finger or a mouse. Under it lies the head of the result, as it will stand there.
import { ended } from "./game.js";

const ENOUGH = 0.45; // of the cover
const SAMPLES = 40; // a side of the small picture the share is counted on

/** Lay the cover over a copy of the result's head. */
export function set({ scene, face, sound, begin, done, still }) {
  const canvas = scene.querySelector("[data-cover]");
  const copy = face.cloneNode(true);
  for (const node of copy.querySelectorAll("[id]")) node.removeAttribute("id");
  scene.querySelector("[data-under]").append(copy);
  const brush = canvas.getContext("2d");
  const small = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  small.canvas.width = SAMPLES;
  small.canvas.height = SAMPLES;
  let width = 0;
  let height = 0;
  let touched = false;
  let last = null;
  let counted = 0;

  function paint() {
    const box = scene.getBoundingClientRect();
    if (touched || !box.width) return;
    const scale = Math.min(devicePixelRatio || 1, 2);
    width = box.width;
    height = box.height;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    draw(brush, width, height, canvas);
  }

  /** How much of the cover is gone. */
  function share() {
    small.clearRect(0, 0, SAMPLES, SAMPLES);
    small.drawImage(canvas, 0, 0, SAMPLES, SAMPLES);
    const { data } = small.getImageData(0, 0, SAMPLES, SAMPLES);
    let gone = 0;
    for (let place = 3; place < data.length; place += 4) if (data[place] < 128) gone += 1;
    return gone / (SAMPLES * SAMPLES);
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function rub(to) {
    const from = last ?? to;
    touched = true;
    brush.globalCompositeOperation = "destination-out";
    brush.lineWidth = Math.max(44, width / 7);
    brush.lineCap = "round";
    brush.lineJoin = "round";
    brush.beginPath();
    brush.moveTo(...from);
    brush.lineTo(to[0] + 0.01, to[1]);
    brush.stroke();
    last = to;
  }

  async function lift() {
    canvas.removeEventListener("pointermove", moved);
    await ended(canvas.animate({ opacity: [1, 0], scale: ["1", "1.04"] }, { duration: 360, easing: "ease-out", fill: "forwards" }));
  }

  function moved(event) {
    if (!last) return;
    for (const one of event.getCoalescedEvents?.() ?? []) rub(at(one));
    rub(at(event));
    if (event.timeStamp - counted < 90) return;
    counted = event.timeStamp;
    sound.brush();
    if (share() >= ENOUGH) finish();
  }

  let finished = false;
  async function finish() {
    if (finished) return;
    finished = true;
    begin();
    if (!still) await lift();
    done();
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = null;
    rub(at(event));
  });
  canvas.addEventListener("pointermove", moved);
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, () => {
      last = null;
      if (touched && share() >= ENOUGH) finish();
    });
  }
  paint();
  new ResizeObserver(paint).observe(scene);
  document.fonts?.ready.then(paint);

  /** The button's way: a few strokes across, then away with it. */
  return async () => {
    const strokes = 5;
    const length = 620;
    const path = (share_) => {
      const whole = share_ * strokes;
      const row = Math.min(Math.floor(whole), strokes - 1);
      const along = row % 2 ? 1 - (whole - row) : whole - row;
      return [width * (0.04 + 0.92 * along), height * ((row + 0.35 + 0.3 * (whole - row)) / strokes)];
    };
    const first = performance.now();
    last = path(0);
    await new Promise((next) => {
      const step = (now) => {
        const part = Math.min(Math.max((now - first) / length, 0), 1);
        for (let fine = 0; fine < 4; fine += 1) rub(path(Math.max(part - (0.03 * (3 - fine)) / 4, 0)));
        sound.brush();
        if (part < 1) requestAnimationFrame(step);
        else next();
      };
      requestAnimationFrame(step);
    });
    last = null;
    await lift();
  };
}

/** The cover: the campaign's colour, rings on water, and two words. */
function draw(brush, width, height, canvas) {
  const style = getComputedStyle(canvas);
  const value = (name) => style.getPropertyValue(name).trim();
  brush.globalCompositeOperation = "source-over";
  brush.globalAlpha = 1;
  brush.fillStyle = value("--accent");
  brush.fillRect(0, 0, width, height);
  brush.strokeStyle = value("--on-accent");
  const far = Math.hypot(width, height) / 2;
  for (let radius = 26, place = 0; radius < far * 1.25; radius += 22 + place * 2.5, place += 1) {
    brush.globalAlpha = Math.max(0.26 - place * 0.022, 0.05);
    brush.lineWidth = 1.25;
    brush.beginPath();
    brush.ellipse(width / 2, height * 0.56, radius * 1.7, radius * 0.72, 0, 0, Math.PI * 2);
    brush.stroke();
  }
  brush.fillStyle = value("--on-accent");
  for (let grain = 0; grain < (width * height) / 260; grain += 1) {
    brush.globalAlpha = 0.03 + 0.07 * Math.random();
    brush.fillRect(Math.random() * width, Math.random() * height, 1.4, 1.4);
  }
  brush.globalAlpha = 1;
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  brush.direction = style.direction;
  const words = canvas.dataset.says;
  let size = 24;
  const font = () => { brush.font = `600 ${size}px ${value("--font-display")}`; };
  for (font(); brush.measureText(words).width > width - 48 && size > 13; font()) size -= 1;
  brush.fillText(words, width / 2, height * 0.56);
}
