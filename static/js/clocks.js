// Beside each time of a campaign's own zone: the same moment on the reader's clock, where the two differ.
// English pages write dates day first, as the server does.
const { lang } = document.documentElement;
const here = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const isInSentence = (node) => [node.previousSibling, node.nextSibling].some((one) => one?.nodeType === Node.TEXT_NODE && one.data.trim());
for (const place of document.querySelectorAll("[data-clocks]")) {
  for (const node of place.querySelectorAll("time[datetime*=T]")) {
    const moment = new Date(node.dateTime);
    const shown = node.textContent.match(/\d{1,2}:\d{2}/)?.[0];
    const own = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    if (!shown || own === shown || isInSentence(node)) continue;
    const beside = document.createElement("span");
    beside.className = "sub";
    beside.textContent = place.dataset.clocks.replace("{time}", here.format(moment));
    node.after(beside);
  }
}
