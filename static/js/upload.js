// While a file of codes is sent, how much of it has gone; without JavaScript the browser tells in its own way.
document.addEventListener("htmx:xhr:progress", (event) => {
  const sending = event.target.closest?.("#upload")?.querySelector("#sending");
  const { lengthComputable, loaded, total } = event.detail;
  if (!sending || !lengthComputable || !total) return;
  const bar = sending.querySelector("progress");
  sending.hidden = false;
  if (loaded < total) {
    bar.value = (100 * loaded) / total;
    return;
  }
  bar.removeAttribute("value"); // it goes on, and nobody can tell how far it is
  sending.querySelector("[data-then]").hidden = false;
});
