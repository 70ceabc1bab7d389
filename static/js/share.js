// Share buttons: <button data-share-button hidden> within [data-share], shown where the browser can share.

/** Show the buttons within that part of the page. */
export function offer(root) {
  if (navigator.share) for (const button of root.querySelectorAll("[data-share-button]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-share-button]")) return;
  const { share: url, shareTitle: title } = event.target.closest("[data-share]").dataset;
  navigator.share({ title, url }).catch(() => {});
});
offer(document);
