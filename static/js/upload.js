// While a file of codes is sent, how much of it has gone; without JavaScript the browser tells in its own way.
// Once it is there, the list of batches is asked for again and again until the answer has come.
const EVERY = 1500;

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
  const then = sending.querySelector("[data-then]");
  if (!then.hidden) return;
  then.hidden = false;
  const asking = setInterval(() => {
    if (!sending.isConnected || sending.hidden) clearInterval(asking);
    else document.getElementById("batches")?.dispatchEvent(new Event("reading"));
  }, EVERY);
});

// Where the answer never came, the form is as it was before.
document.addEventListener("htmx:sendError", (event) => {
  const sending = event.target.closest?.("#upload")?.querySelector("#sending");
  if (!sending) return;
  sending.hidden = true;
  sending.querySelector("[data-then]").hidden = true;
});
