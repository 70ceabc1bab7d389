// The counter: sends forms without leaving the page, scans, and keeps what could not be sent. Only what the
// server has answered is ever shown as redeemed.
const result = document.querySelector("[data-result]");
const list = document.querySelector("[data-queue]");
const banner = document.querySelector("[data-offline]");
const codeField = document.querySelector("#code");
const STORE = `prizewell-counter-${list.dataset.place}`;
const PATIENCE = 15000;

const read = () => {
  try { return JSON.parse(localStorage.getItem(STORE)) ?? []; } catch { return []; }
};
const write = (items) => {
  try { localStorage.setItem(STORE, JSON.stringify(items)); } catch { /* kept on the page only */ }
  draw(items);
};
const ending = (code) => `…${code.replace(/[^\p{L}\p{N}]/gu, "").slice(-4).toUpperCase()}`;
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

function draw(items) {
  list.replaceChildren(...items.map((item) => {
    const line = document.createElement("li");
    line.textContent = `${ending(item.code)} · ${new Date(item.at).toLocaleTimeString()}`;
    return line;
  }));
  banner.hidden = items.length === 0;
  banner.textContent = items.length ? `${banner.dataset.waiting} ${items.length}` : "";
}

function show(html) {
  result.innerHTML = html;
  const verdict = result.querySelector("[data-verdict]");
  (result.querySelector("[aria-invalid=true]") ?? verdict)?.focus();
  verdict?.scrollIntoView({ block: "nearest" });
}

function showTemplate(name) {
  show("");
  result.append(document.querySelector(`template[data-${name}]`).content.cloneNode(true));
  result.querySelector("[data-verdict]")?.focus();
}

async function post(action, body) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE);
  try {
    const answer = await fetch(action, { method: "POST", body, headers: { "HX-Request": "true" }, signal: abort.signal });
    if (answer.status >= 500) throw new TypeError("no answer");
    return { answer, text: await answer.text() };
  } finally {
    clearTimeout(timer);
  }
}

function keep(code, key, receipt, value) {
  const items = read();
  if (!items.some((item) => item.key === key)) items.push({ code, key, receipt, value, at: Date.now() });
  write(items);
}

async function send(form) {
  const body = new FormData(form);
  const kind = form.dataset.send;
  form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
  try {
    const { answer, text } = await post(form.action, body);
    if (answer.status === 401) { location.reload(); return; }
    if (answer.status === 400) { location.reload(); return; }
    if (answer.status === 429) { showTemplate("no-connection"); return; }
    show(text);
    if (kind === "check") { codeField.value = ""; }
  } catch {
    if (kind === "redeem") {
      keep(body.get("code"), body.get("key"), body.get("receipt") ?? "", body.get("value") ?? "");
      showTemplate("not-known");
    } else if (kind === "check") {
      const code = String(body.get("code"));
      showTemplate("no-connection");
      result.querySelector("[data-keep]").addEventListener("click", () => {
        keep(code, newKey(), "", "");
        codeField.value = "";
        show("");
        codeField.focus();
      });
    } else {
      showTemplate("not-known");
    }
  } finally {
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  }
}

let flushing = false;
async function flush() {
  if (flushing || !read().length || navigator.onLine === false) return;
  flushing = true;
  try {
    while (read().length) {
      const [item] = read();
      const page = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!page.ok) return;
      const token = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("form[data-send] [name=csrf_token]");
      if (!token) { location.reload(); return; }
      const body = new FormData();
      for (const [name, value] of Object.entries({ csrf_token: token.value, code: item.code, key: item.key, receipt: item.receipt, value: item.value ?? "" })) body.set(name, value);
      const { answer, text } = await post(list.dataset.redeem, body);
      if (answer.status === 429 || answer.status === 400 || answer.status === 401) return;
      write(read().filter((other) => other.key !== item.key));
      show(text);
      result.querySelector(".word")?.append(` ${ending(item.code)}`);
    }
  } catch { /* still away: the next round asks again */ } finally {
    flushing = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-send]")) return;
  event.preventDefault();
  send(form);
});
addEventListener("online", flush);
setInterval(flush, PATIENCE);
draw(read());
flush();

// The camera, where the browser reads codes by itself. It is on only while somebody looks at this page.
const scan = document.querySelector("[data-scan]");
const video = document.querySelector("[data-video]");
const refused = document.querySelector("[data-camera-refused]");
let stream = null;
let asking = false;

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  video.srcObject = null;
  video.hidden = true;
  scan.textContent = scan.dataset.start;
}

async function look(detector) {
  if (!stream) return;
  try {
    const [found] = await detector.detect(video);
    const text = found?.rawValue?.trim();
    if (text && stream) {
      stop();
      codeField.value = text;
      codeField.form.requestSubmit();
      return;
    }
  } catch { /* a picture that is not ready yet */ }
  requestAnimationFrame(() => look(detector));
}

async function start() {
  asking = true;
  refused.hidden = true;
  try {
    const detector = new BarcodeDetector();
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    if (document.hidden) { stop(); return; }
    video.srcObject = stream;
    video.hidden = false;
    scan.textContent = scan.dataset.stop;
    await video.play();
    look(detector);
  } catch {
    stop();
    refused.hidden = document.hidden;
  } finally {
    asking = false;
  }
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  scan.dataset.start = scan.textContent;
  scan.hidden = false;
  scan.addEventListener("click", () => { if (stream) stop(); else if (!asking) start(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); });
  addEventListener("pagehide", stop);
}
