// The form builder: rows take another place by dragging, and the preview follows what is typed.
const form = document.getElementById("builder-form");
const reach = 6; // pixels before a press is a drag
let drag = null;
let waiting = 0;

/** Send the form as it stands to the frame beside it; nothing is saved. */
function show() {
  const copy = document.createElement("form");
  copy.method = "post";
  copy.action = form.dataset.previewUrl;
  copy.target = "form-preview";
  copy.hidden = true;
  for (const [name, value] of new FormData(form)) {
    copy.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(copy);
  copy.submit();
  copy.remove();
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(show, 400);
}

// ---- Order: the rows are read in the order in which they stand -----------------------------------------------------

const rows = () => [...form.querySelectorAll("[data-row]")];

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("#builder-form [data-grip]");
  if (!grip || event.button !== 0 || drag) return;
  drag = { row: grip.closest("[data-row]"), y: event.clientY, id: event.pointerId, moving: false };
  grip.setPointerCapture(event.pointerId);
  event.preventDefault();
});

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  if (!drag.moving && Math.abs(event.clientY - drag.y) < reach) return;
  drag.moving = true;
  drag.row.classList.add("dragged");
  const others = rows().filter((row) => row !== drag.row);
  const next = others.find((row) => {
    const box = row.getBoundingClientRect();
    return event.clientY < box.top + box.height / 2;
  });
  const list = drag.row.parentElement;
  if ((next ?? null) !== drag.row.nextElementSibling) list.insertBefore(drag.row, next ?? null);
});

function end(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const { row, moving } = drag;
  row.classList.remove("dragged");
  drag = null;
  if (!moving) return;
  rows().forEach((each, place) => { each.querySelector("[data-grip]").textContent = place + 1; });
  row.querySelector("input").dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("pointerup", end);
document.addEventListener("pointercancel", end);

form.addEventListener("input", soon);
form.addEventListener("change", soon);
form.addEventListener("click", (event) => {
  const show_ = event.target.closest("[data-show]");
  if (show_) { event.preventDefault(); show(); }
});
addEventListener("pageshow", show);
document.addEventListener("htmx:afterSettle", show);
