// Copy buttons, and share buttons (data-share-button, hidden, within [data-share]) where the browser can share.
// Copy buttons: <button data-copy="text"> or, with an empty data-copy, the [data-copy-text] beside it.

/** Put text on the clipboard; false where the browser refuses. */
async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Select the text, so that a person can copy it where the clipboard is closed to us. */
function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

/** Show the share buttons of that part of the page. */
export function offer(root) {
  for (const button of root.querySelectorAll("[data-share-button]")) button.hidden = !navigator.share;
}

offer(document);
document.addEventListener("click", async (event) => {
  const shared = event.target.closest("[data-share-button]")?.closest("[data-share]").dataset;
  if (shared) navigator.share({ title: shared.shareTitle, url: shared.share }).catch(() => {});
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = button.parentElement.querySelector("[data-copy-text]");
  if (!(await put(button.dataset.copy || source?.textContent.trim() || ""))) {
    if (source) select(source);
    return;
  }
  const label = button.querySelector("[data-copy-label]") ?? button;
  button.dataset.plain ??= label.textContent;
  label.textContent = button.dataset.copied;
  button.classList.add("copied");
  const live = document.getElementById("announce");
  if (live) live.textContent = button.dataset.copied;
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    label.textContent = button.dataset.plain;
    button.classList.remove("copied");
  }, 2500);
});
