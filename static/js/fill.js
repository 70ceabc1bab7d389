// A chip fills its field in place; without scripts it is a link that does the same.
document.addEventListener("click", (event) => {
  const chip = event.target.closest?.("[data-fill]");
  const field = chip && document.getElementById(chip.dataset.fill);
  if (!field || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  field.value = chip.dataset.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
