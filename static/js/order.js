// Tiers take another place by dragging their number. The server decides; until it answers nothing has moved.
const reach = 6; // pixels before a press is a drag
let drag = null;

const tiers = () => [...document.querySelectorAll("#manager [data-tier]")];

function begin(event) {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button !== 0 || drag) return;
  const tier = grip.closest("[data-tier]");
  drag = { tier, grip, from: tiers().indexOf(tier), to: -1, y: event.clientY, id: event.pointerId, moving: false };
  grip.setPointerCapture(event.pointerId);
  event.preventDefault();
}

function mark(to) {
  for (const tier of tiers()) tier.classList.remove("drop-before", "drop-after");
  if (to === drag.from) return;
  tiers()[to].classList.add(to < drag.from ? "drop-before" : "drop-after");
}

function move(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const way = event.clientY - drag.y;
  if (!drag.moving && Math.abs(way) < reach) return;
  drag.moving = true;
  drag.tier.classList.add("dragged");
  const heads = tiers().map((tier) => tier.getBoundingClientRect());
  const above = heads.filter((box, place) => place !== drag.from && box.top + box.height / 2 < event.clientY).length;
  if (above !== drag.to) mark(above);
  drag.to = above;
  const edge = 64;
  if (event.clientY < edge) scrollBy(0, -12);
  if (event.clientY > innerHeight - edge) scrollBy(0, 12);
}

function end(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const { tier, from, to, moving } = drag;
  tier.classList.remove("dragged");
  for (const other of tiers()) other.classList.remove("drop-before", "drop-after");
  drag = null;
  if (!moving || event.type === "pointercancel" || to < 0 || to === from) return;
  const form = tier.querySelector("form.order");
  form.elements.place.value = to + 1;
  form.requestSubmit();
  form.elements.place.value = "";
}

document.addEventListener("pointerdown", begin);
document.addEventListener("pointermove", move);
document.addEventListener("pointerup", end);
document.addEventListener("pointercancel", end);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drag) return;
  end({ pointerId: drag.id, type: "pointercancel" });
});

// A message that comes with a new part of the page is read out from a place that was there before.
document.addEventListener("htmx:afterSettle", () => {
  const said = document.getElementById("announce");
  const message = document.getElementById("flashes")?.textContent.trim() ?? "";
  if (said && message) said.textContent = message;
});
