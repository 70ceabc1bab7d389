// A question that the server has answered with opens as a dialog over the page, with the focus on what it
// wants to know, else on its way out.
document.addEventListener("htmx:afterSettle", () => {
  const dialog = document.querySelector("dialog[data-ask]:not([open])");
  if (!dialog) return;
  dialog.showModal();
  (dialog.querySelector("[data-ask-focus]") ?? dialog.querySelector("[data-ask-close]")).focus();
  dialog.addEventListener("close", () => dialog.remove(), { once: true });
});

// Cancel goes back to the page, which is right here: closing the dialog is enough.
document.addEventListener("click", (event) => {
  const dialog = event.target.closest("dialog[data-ask]");
  if (!dialog || !event.target.closest("[data-ask-close]")) return;
  event.preventDefault();
  dialog.close();
});
