// Small sounds, made on the spot: off until somebody asks for them, and that is remembered on this device alone.
const KEY = "prizewell.sound";
let context = null;

function wanted() {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}
let on = wanted();

/** One soft note: where it begins, how high, how long, how loud. */
function note(at, pitch, length, level, shape = "sine") {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.type = shape;
  tone.frequency.value = pitch;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(level, at + 0.008);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + length);
}

/** Play, where sounds are wanted; a browser that will not is silent. */
function make(write) {
  if (!on) return;
  try {
    context ??= new AudioContext();
    context.resume().catch(() => {});
    write(context.currentTime);
  } catch {
    on = false;
  }
}

export const sound = {
  isOn: () => on,
  set(value) {
    on = value;
    try {
      localStorage.setItem(KEY, value ? "on" : "off");
    } catch {
      // Not remembered then.
    }
  },
  tick: () => make((now) => note(now, 1150, 0.035, 0.05, "triangle")),
  stop: () => make((now) => note(now, 330, 0.14, 0.09, "triangle")),
  brush: () => make((now) => note(now, 2100 + 500 * Math.random(), 0.03, 0.012, "sawtooth")),
  result: (won) =>
    make((now) => {
      if (won) [523.25, 659.25, 783.99, 1046.5].forEach((pitch, place) => note(now + place * 0.09, pitch, 0.7, 0.07));
      else [392, 329.63].forEach((pitch, place) => note(now + place * 0.16, pitch, 0.6, 0.045));
    }),
};
