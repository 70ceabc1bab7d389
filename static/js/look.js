// The page beside the form follows what is chosen. Without scripts the button "Show" does the same.
const form = document.querySelector("form[data-draft]");
const frame = document.querySelector("[data-preview]");
const checks = document.getElementById("look-checks");
const picker = form.querySelector("[data-picks]");
const typed = form.elements.namedItem(picker.dataset.picks);
let shape = frame.dataset.shape;
let waiting = 0;
let turn = 0;

form.querySelector("button.show").hidden = true;
picker.hidden = false;

picker.addEventListener("input", () => {
  typed.value = picker.value;
  typed.dispatchEvent(new Event("input", { bubbles: true }));
});
typed.addEventListener("input", () => {
  if (/^#[0-9a-f]{6}$/i.test(typed.value.trim())) picker.value = typed.value.trim();
});

form.addEventListener("input", (event) => {
  if (["reason", "file"].includes(event.target.name) || event.target.type === "file") return;
  clearTimeout(waiting);
  waiting = setTimeout(draw, 220);
});
form.addEventListener("change", (event) => {
  if (event.target.type === "file" && event.target.files.length) draw();
});

/** Ask what the page would look like, and show the newest answer only. */
async function draw() {
  const mine = (turn += 1);
  const body = new FormData(form);
  const answer = await fetch(form.dataset.draft, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  if (mine !== turn || !answer?.ok) return;
  const drawn = await answer.json();
  if (mine !== turn) return;
  checks.innerHTML = drawn.checks;
  tell(drawn.errors);
  keep(drawn.kept);
  const sheet = frame.contentDocument?.querySelector("link[data-look]");
  if (sheet && drawn.shape === shape) dress(sheet, drawn.style);
  else frame.contentWindow.location.replace(drawn.page);
  shape = drawn.shape;
}

/** Another style sheet for the same page: the old one goes when the new one is there, so that nothing flashes. */
function dress(sheet, href) {
  const next = sheet.cloneNode();
  next.href = href;
  next.addEventListener("load", () => sheet.remove());
  sheet.after(next);
}

/** Pictures that the server has taken in need not be sent again. */
function keep(kept) {
  for (const [name, value] of Object.entries(kept)) {
    form.elements.namedItem(name).value = value;
    const file = form.elements.namedItem(`${name}_upload`);
    if (value && file?.files.length) {
      file.value = "";
      form.elements.namedItem(`no_${name}`).checked = false;
    }
  }
}

/** What is wrong stands at its field. */
function tell(errors) {
  for (const [id, messages] of Object.entries(errors)) {
    const list = document.getElementById(`${id}-errors`);
    const field = document.getElementById(id);
    list.replaceChildren(...messages.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    if (messages.length) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}
