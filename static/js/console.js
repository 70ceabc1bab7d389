// Small helpers of the console. Every page works without them; they save steps.
import "./copy.js";

// A button that names a dialog opens it; "cancel" and a press outside close it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    document.getElementById(opener.dataset.dialog)?.showModal();
    return;
  }
  const dialog = event.target.closest("dialog");
  if (dialog && (event.target === dialog || event.target.closest("[data-dialog-close]"))) dialog.close();
});

// An open menu closes with a press elsewhere and with Escape, which gives the focus back.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-closes][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details[data-closes][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A press on a row goes where its main link goes; links, buttons, fields and selected text keep their own meaning.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, select, textarea, label, dialog")) return;
  if (getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
});

// After a swap the focus goes where the work goes on: what asks for it, the first error, or the control of that name.
let last = null;
document.addEventListener("htmx:beforeSwap", () => {
  const active = document.activeElement;
  last = active && active !== document.body ? { id: active.id, name: active.name } : null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  const place = event.detail.elt?.isConnected ? event.detail.elt : document;
  const next =
    place.querySelector("[data-autofocus]") ??
    place.querySelector("[aria-invalid=true]") ??
    (last?.id && document.getElementById(last.id)) ??
    null;
  if (next && (!document.activeElement || document.activeElement === document.body || next.matches("[data-autofocus], [aria-invalid=true]"))) {
    next.focus({ preventScroll: false });
  }
  // What had the focus is gone, and nothing asks for it: the head of what came in its place, so that Tab goes on there.
  const head = last && place !== document && document.activeElement === document.body && place.querySelector("h2, h3");
  if (head) {
    head.tabIndex = -1;
    head.focus({ preventScroll: true });
  }
});

// Escape leaves an inline edit through its own cancel control.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  event.target.closest?.("form:has([data-cancel])")?.querySelector("[data-cancel]").click();
});

// What was changed is marked, and the save bar says so; leaving the page asks once.
let unsaved = false;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.querySelector("[data-save-state]")) return;
  event.target.closest(".field")?.classList.add("changed");
  const state = form.querySelector("[data-save-state]");
  state.textContent = state.dataset.changed;
  unsaved = true;
});
document.addEventListener("submit", () => { unsaved = false; });
addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// A new campaign begins in the time zone of whoever makes it, where the server has no better guess than UTC.
const zone = document.querySelector("[data-own-zone]");
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone?.value === "UTC" && [...zone.list.options].some((option) => option.value === ownZone)) zone.value = ownZone;

// Filters send themselves as soon as they change; the button stays for those without scripts.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});
