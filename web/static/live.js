// One stream for all pages of this browser; the others hear of it by a channel. What changed is
// asked for by each fragment itself (`hx-trigger="changed from:body"`).
import { leave } from "./typed.js";

const channel = "BroadcastChannel" in window ? new BroadcastChannel("reprise") : null;
// What stands there is told in words of time too: "8 h ago" is another one after a while.
const OLD_MS = 60000;
let isDirty = false;
let isLost = false;
let drawn = Date.now();

/** Let the page's fragments ask anew, once nobody is busy with them. */
export function tellChanged() {
  if (document.hidden || document.body.dataset.busy || isTyping()) {
    isDirty = true;
    return;
  }
  isDirty = false;
  drawn = Date.now();
  document.body.dataset.seen = new Date().toISOString();
  document.body.dispatchEvent(new Event("changed"));
}

export function startLive() {
  for (const event of ["visibilitychange", "focusout", "idle"]) {
    document.addEventListener(event, () => setTimeout(() => isDirty && tellChanged(), 50));
  }
  setInterval(() => !isLost && Date.now() - drawn > OLD_MS && tellChanged(), 15000);
  if (channel) channel.onmessage = (message) => heard(message.data);
  // Locks and channels need a secure context: elsewhere each page has a stream of its own.
  if (channel && navigator.locks) navigator.locks.request("reprise-live", () => new Promise(listen));
  else listen();
}

function listen() {
  const source = new EventSource("/live");
  // How many changes there were is told: a page drawn before the last of them asks anew.
  const told = (message) => {
    if (message.data === document.body.dataset.heard) return;
    document.body.dataset.heard = message.data;
    spread("changed");
  };
  source.addEventListener("here", told);
  source.addEventListener("changed", told);
  source.addEventListener("ended", () => {
    source.close();
    leave();
  });
  source.onopen = () => spread("back");
  source.onerror = () => {
    spread("lost");
    // A stream that was refused is not tried again by the browser.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10000);
  };
}

function spread(what) {
  channel?.postMessage(what);
  heard(what);
}

function heard(what) {
  const note = document.getElementById("lost");
  if (what === "changed") return tellChanged();
  if (what === "lost" && !isLost && note) {
    const seen = new Date(document.body.dataset.seen);
    const zone = document.body.dataset.zone;
    const at = seen.toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    note.textContent = `Reprise does not answer. What you see is from ${at}.`;
  }
  if (isLost === (what === "lost") && document.body.dataset.live) return;
  isLost = what === "lost";
  document.body.dataset.live = isLost ? "lost" : "here";
  if (note) note.hidden = !isLost;
}

function isTyping() {
  return document.activeElement?.matches("textarea, select, input:not([type=checkbox])") ?? false;
}
