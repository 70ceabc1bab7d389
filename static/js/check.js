// The check for humans of a form: its widget, which comes the first time somebody turns to the form.
let loading = null;

/** Bring in the widget, and `beside` it what else the form needs; once, whoever asks. Gives what does the check. */
export function load(form, beside = () => []) {
  loading ??= (async () => {
    const others = beside(form.dataset);
    await import(form.dataset.loadCheck);
    globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(form.dataset.loadWorker));
    if (form.dataset.loadWords) await import(form.dataset.loadWords).catch(() => {});
    await Promise.all([Promise.allSettled(others), customElements.whenDefined("altcha-widget")]);
    return confirm;
  })();
  loading.catch(() => { loading = null; });
  return loading;
}

/** Wait until the widget says what came of it: true when it holds an answer to send. */
async function confirm(form) {
  const widget = form.querySelector("altcha-widget");
  for (let tries = 0; !widget.getState && tries < 100; tries += 1) await new Promise((next) => setTimeout(next, 20));
  if (["error", "expired"].includes(widget.getState())) widget.reset();
  if (widget.getState() === "unverified") widget.verify();
  if (widget.getState() !== "verified") {
    await new Promise((resolve) => {
      const listen = (event) => {
        if (["verified", "error", "expired"].includes(event.detail.state)) {
          widget.removeEventListener("statechange", listen);
          resolve();
        }
      };
      widget.addEventListener("statechange", listen);
      setTimeout(resolve, 90000);
    });
  }
  // A turn later: the widget writes its field after its event, and a form still in its submit event ignores a second one.
  await new Promise((next) => setTimeout(next));
  return widget.getState() === "verified";
}
