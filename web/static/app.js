// What every page does by itself: notes that go, changes that arrive, and keys.
import { startKeys } from "./keys.js";
import { startLive, tellChanged } from "./live.js";
import { say, startToasts } from "./toasts.js";
import { leave, startTyped } from "./typed.js";
import { guessZone } from "./zone.js";

startToasts();
startKeys();
startLive();
startTyped();
guessZone();
// What answers a form is loaded anew from where it is shown: the form is not sent a second time.
const { stay } = document.body.dataset;
if (stay) history.replaceState(history.state, "", stay);

// A fragment that was refused: its reason is said, and what is on the page stays.
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  if (response.status === 401) return leave();
  let told = "That did not work.";
  try {
    told = JSON.parse(text).error;
  } catch {
    // no envelope
  }
  say(told, true);
});
document.addEventListener("htmx:error", () => say("Reprise does not answer. Nothing was changed.", true));
// What was done is told, and can be taken back, also where what asked for it was drawn anew meanwhile.
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (ctx.request.method === "GET" || ctx.target?.isConnected !== false) return;
  ctx.target = document.getElementById("toasts");
  ctx.swap = "none";
});
// Whoever changed something sees what came of it, also where no stream can be had.
document.addEventListener("htmx:finally:request", (event) => {
  const { request, response } = event.detail.ctx;
  if (request.method !== "GET" && response?.status < 400) setTimeout(tellChanged, 50);
});
