// The entry form: one nonce per visit, the check for humans, what the button says, and the result in the form's place.
import "./countdown.js";
import { ownClocks } from "./own-clock.js";

const live = document.getElementById("announce");
let nonce = freshNonce();
let ready = null; // the form whose check is done and which may go out now
let height = 0;
let since = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0; // when this form came

/** 32 hex digits from the browser's own randomness: our part in the draw. */
function freshNonce() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const theForm = () => document.querySelector("form.entry-form");

function applyNonce() {
  const field = theForm()?.elements.namedItem("nonce");
  if (field) field.value = nonce;
}

// A page from the browser's memory is a new visit; a form that came back with errors is the same one.
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    nonce = freshNonce();
    rest(theForm());
  }
  applyNonce();
});

// ---- What the person is told --------------------------------------------------------------------------------------

/** Show that work is under way: the word on the button, and the same aloud. */
function work(form, word) {
  const button = form.querySelector("[type=submit]");
  const label = button.querySelector("[data-label]");
  button.dataset.plain ??= label.textContent;
  label.textContent = button.dataset[word];
  button.setAttribute("aria-disabled", "true");
  form.classList.add("working");
  live.textContent = button.dataset[word];
}

/** Back to a form that can be sent. */
function rest(form) {
  if (!form) return;
  ready = null;
  const button = form.querySelector("[type=submit]");
  if (button.dataset.plain) button.querySelector("[data-label]").textContent = button.dataset.plain;
  button.removeAttribute("aria-disabled");
  form.classList.remove("working");
}

/** One sentence above the fields. */
function say(form, text) {
  const place = form.querySelector("[data-messages]");
  const box = document.createElement("div");
  box.className = "notice bad";
  box.setAttribute("role", "alert");
  box.textContent = text;
  place.replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

/** Put a field's error in its place, tied to the field, or take it away. */
function mark(field, text) {
  const list = document.getElementById(`${field.id}-errors`);
  const names = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((name) => name && name !== list.id);
  if (text) {
    const item = document.createElement("li");
    item.textContent = text;
    list.replaceChildren(item);
    field.setAttribute("aria-invalid", "true");
    names.push(list.id);
  } else {
    list.replaceChildren();
    field.removeAttribute("aria-invalid");
  }
  if (names.length) field.setAttribute("aria-describedby", names.join(" "));
  else field.removeAttribute("aria-describedby");
}

function complaint(field) {
  if (field.validity.valueMissing || (field.required && !field.value.trim())) return field.dataset.missing;
  return field.validity.valid ? "" : (field.dataset.wrong ?? field.validationMessage);
}

const checked = (form) => [...form.elements].filter((field) => field.dataset?.missing);

/** True when every field that we can judge here is right; else the errors are in place and the first has the focus. */
function complete(form) {
  const wrong = checked(form).filter((field) => {
    const text = complaint(field);
    mark(field, text);
    return text;
  });
  wrong[0]?.focus();
  return !wrong.length;
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.getAttribute?.("aria-invalid") && field.dataset.missing && !complaint(field)) mark(field, "");
});

// ---- The check for humans -----------------------------------------------------------------------------------------

let checking = null; // the script of the check, once somebody has turned to the form
let revealing = null; // the script that shows results, once it is there

/** Put an element in the head that loads something; done when it is there. */
function put(element) {
  const done = new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = () => reject(new Error("not loaded"));
  });
  document.head.append(element);
  return done;
}

const dress = (href) => put(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));

/** Without it the form is sent as a page of its own. It begins by itself only where the page has ended loading. */
async function loadHtmx(src) {
  if (document.readyState !== "complete") await new Promise((ready) => addEventListener("load", ready, { once: true }));
  await put(Object.assign(document.createElement("script"), { src }));
}

/** What shows the result, and the campaign's game where it has one. Without it the result stands there plainly. */
async function loadReveal({ loadReveal: src, loadGamesStyle, game }) {
  revealing = await import(src);
  if (game) await Promise.all([dress(loadGamesStyle), revealing.prepare(game)]);
}

/** What only the form needs comes the first time somebody turns to it, so that a page that is only read stays light. */
function loadCheck() {
  const form = theForm();
  if (!form) return Promise.reject(new Error("no form"));
  checking ??= import("./check.js").catch((error) => { checking = null; throw error; });
  return checking.then(({ load }) => load(form, ({ loadHtmx: htmx, loadCheckStyle, loadRevealStyle }) =>
    [loadHtmx(htmx), dress(loadCheckStyle), dress(loadRevealStyle), loadReveal(form.dataset)]));
}

/** Whoever is faster than the least time, as autofill makes one, waits out the rest: the server takes it for a program. */
function leastTime(form) {
  const left = since + 1000 * Number(form.dataset.leastSeconds) - performance.now();
  return new Promise((next) => setTimeout(next, Math.max(left, 0)));
}

// That somebody turned to the form is counted, once a page; of nobody.
document.addEventListener("focusin", function tell(event) {
  const address = event.target.closest?.("form.entry-form")?.dataset.started;
  if (!address) return;
  document.removeEventListener("focusin", tell);
  fetch(address, { keepalive: true }).catch(() => {});
});

for (const kind of ["focusin", "pointerover"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.closest?.("form.entry-form")) loadCheck().catch(() => {});
  }, { passive: true });
}

// ---- Sending ------------------------------------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form !== theForm() || ready === form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.classList.contains("working") || !complete(form)) return;
  form.querySelector("[data-messages]").replaceChildren();
  applyNonce();
  work(form, "checking");
  const [human] = await Promise.all([loadCheck().then((confirm) => confirm(form)).catch(() => false), leastTime(form)]);
  if (!human) {
    again(form, form.dataset.stuck);
    return;
  }
  work(form, "drawing");
  ready = form;
  form.requestSubmit();
}, true);

/** An answer that was no answer: the same nonce goes out again, so pressing again can never enter twice. */
function again(form, text) {
  rest(form);
  form.querySelector("altcha-widget")?.reset?.();
  say(form, text);
}

document.addEventListener("htmx:sendError", () => theForm() && again(theForm(), theForm().dataset.offline));
document.addEventListener("htmx:timeout", () => theForm() && again(theForm(), theForm().dataset.offline));
document.addEventListener("htmx:responseError", () => theForm() && again(theForm(), theForm().dataset.busy));

document.addEventListener("htmx:beforeSwap", () => {
  height = document.getElementById("entry")?.offsetHeight ?? 0;
});

document.addEventListener("htmx:afterSwap", () => {
  ready = null;
  const form = theForm();
  if (form) {
    since = performance.now();
    form.noValidate = true;
    applyNonce();
    const first = form.querySelector("[aria-invalid=true]");
    if (first) first.focus();
    else form.querySelector("[type=submit]").focus();
    live.textContent = form.querySelector(".errors li, [data-messages] li")?.textContent ?? "";
    return;
  }
  result(document.querySelector("[data-reveal]"));
});

/** The result stands where the form stood, at least as tall, so that nothing on the page moves. */
function result(card) {
  if (!card) return;
  card.style.minBlockSize = `${height}px`;
  if (revealing) revealing.present(card);
  else {
    const title = card.querySelector("h2");
    card.removeAttribute("data-autoplay");
    title.focus();
    live.textContent = title.textContent.replace(/\s+/g, " ").trim();
  }
}

ownClocks();
const form = theForm();
if (form) {
  form.noValidate = true;
  applyNonce();
  if (form.querySelector("[aria-invalid=true]")) form.querySelector("[aria-invalid=true]").focus();
}
