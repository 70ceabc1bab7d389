// A form that sends mail: the check for humans comes with the first look at it, and is done before it goes out.
import { load } from "./check.js";

const form = document.querySelector("form[data-load-check]");
const button = form.querySelector("[type=submit]");
const live = document.getElementById("announce");

for (const kind of ["focusin", "pointerover"]) form.addEventListener(kind, () => load(form).catch(() => {}), { passive: true });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  live.textContent = form.dataset.checking;
  const human = await load(form).then((confirm) => confirm(form)).catch(() => false);
  button.removeAttribute("aria-disabled");
  live.textContent = human ? "" : form.dataset.stuck;
  if (human) form.submit();
  else form.querySelector("altcha-widget")?.reset?.();
});
