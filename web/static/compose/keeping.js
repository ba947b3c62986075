// What is typed is kept twice: in this browser at once, and on the server a second later.
import { $, ask, content, heard, isDraft, redraw, state, take } from "./state.js";
import { tellTabs } from "./tabs.js";

const WAIT_MS = 1000;
const AGAIN_MS = 3000;
let timer = 0;
let running = null;
let isDirty = false;
let sent = null; // what was asked for last: where the answer was lost, it may be there
let wish = null; // the first save of a new post: the same until it is answered, so that it is one
const place = () => `reprise-compose:${state.id ?? "new"}`;

export const hasUnsaved = () => isDirty;

export function startKeeping() {
  restore();
  heard(() => {
    isDirty = true;
    remember();
    if (!isDraft()) return say("Not saved yet: press Save changes. It is kept in this browser meanwhile.");
    say("Saving…");
    later(WAIT_MS);
  });
  document.addEventListener("visibilitychange", () => document.hidden && isDirty && isDraft() && save());
  addEventListener("online", () => isDirty && isDraft() && save());
}

function remember() {
  const { version, open, ...typed } = state;
  try {
    localStorage.setItem(place(), JSON.stringify({ typed, version, wish }));
  } catch {
    // no room: the server has it in a second
  }
}

function restore() {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(place()));
  } catch {
    return;
  }
  if (!kept || kept.typed.status !== state.status || /[?&](media|like)=/.test(location.search)) return;
  Object.assign(state, kept.typed, { version: kept.version });
  wish = kept.wish;
  isDirty = true;
  say("What you typed here before is back. It had not been saved.");
  if (isDraft()) later(WAIT_MS);
}

/** What was typed is on the server now, or is not wanted any more. */
export function forget() {
  clearTimeout(timer);
  isDirty = false;
  localStorage.removeItem(place());
}

function later(delay) {
  clearTimeout(timer);
  timer = setTimeout(save, delay);
}

/** Save what is typed; returns whether all of it is on the server. */
export async function save() {
  clearTimeout(timer);
  while (running) await running;
  if (!isDirty && state.id) return true;
  running = send();
  const isSaved = await running;
  running = null;
  return isSaved && (!isDirty || save());
}

async function send() {
  const before = place();
  isDirty = false;
  try {
    const told = await (state.id ? edit() : create());
    state.version = told.version;
    localStorage.removeItem(before);
    if (isDirty) remember();
    noted(null);
    say(`Saved as a draft at ${new Date().toLocaleTimeString("en-GB", { timeZone: document.body.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit" })}.`);
    tellTabs("saved");
    return true;
  } catch (error) {
    isDirty = true;
    remember();
    return refused(error);
  }
}

function edit() {
  sent = content();
  return ask("PUT", `/posts/draft/${state.id}`, { ...sent, version: state.version });
}

async function create() {
  wish ??= { key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, body: content() };
  const { key, body } = wish;
  let told;
  try {
    told = await ask("POST", "/posts/draft", body, { "Idempotency-Key": key });
  } catch (error) {
    if (error.status) wish = null; // it was answered: nothing was made
    throw error;
  }
  wish = null;
  Object.assign(state, { id: told.id, version: told.version });
  history.replaceState(history.state, "", `/posts/${told.id}`);
  if (JSON.stringify(body) !== JSON.stringify(content())) isDirty = true;
  redraw();
  return told;
}

/** Say why it was not saved; all that was typed stays. */
export function refused(error) {
  if (error.code === "STALE_EDIT" || (["INVALID_STATUS", "NOT_FOUND"].includes(error.code) && state.id)) differs(error);
  else if (error.status === 401) {
    say("Not saved: this browser is signed out. What you typed is kept here. Open a new login link in another tab (reprise login-link); it is saved then.");
    later(AGAIN_MS);
  } else if (!error.status || error.status >= 500) {
    say(error.status ? `Not saved yet: ${error.message}. It is tried again.` : "Not saved yet: Reprise does not answer. What you typed is kept here, and saved when it does.");
    later(AGAIN_MS);
  } else {
    noted(error);
    say("Not saved yet. What you typed is kept in this browser.");
  }
  return false;
}

async function differs(error) {
  const stale = await import("./stale.js").catch(() => null);
  // Another release answers by now, which has no modules for this page.
  if (stale) await stale.compared(error, sent);
  else say(`Not saved: ${error.message} Load the page anew: what you typed is kept in this browser.`);
}

const FIELDS = { INVALID_COLLABORATORS: "collaborators", INVALID_TAGS: "mark-text", INVALID_MENTIONS: "mark-text", INVALID_STICKERS: "mark-text" };

const known = {}; // what is wrong with the post, and what with its time

/** Show what is refused beside the field that it is about. */
export function noted(found, about = "post") {
  known[about] = found;
  const error = known.post ?? known.time;
  for (const wrong of document.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  const problem = $("problem");
  problem.hidden = !error;
  problem.textContent = error?.message ?? "";
  const field = error && (FIELDS[error.code] ?? (error === known.time ? "at" : /caption/i.test(error.message) ? "caption" : null));
  if (field) $(field).setAttribute("aria-invalid", "true");
}

/** Look whether somebody else has changed it; what is typed here is left alone. */
export async function lookAgain() {
  if (!state.id || isDirty || running) return;
  const told = await ask("GET", `/posts/${state.id}`).catch(() => null);
  if (!told || isDirty || running || told.version === state.version) return;
  if (told.status !== state.status) return location.reload();
  take(told);
  say("It was changed elsewhere; this is how it is now.");
}

/** The post is gone: what is typed here becomes a draft of its own. */
export async function keepAsNew() {
  const wasPlanned = !isDraft();
  forget();
  Object.assign(state, { id: null, version: null, status: "DRAFT", scheduledFor: null });
  wish = null;
  isDirty = true;
  if ((await save()) && wasPlanned) location.assign(`/posts/${state.id}`); // which is another form
}

/** Go on with the version that is there now: what is typed here replaces it. */
export function keepMine(version) {
  state.version = version;
  isDirty = true;
  return isDraft() ? save() : remember();
}

export function say(text) {
  $("saved").textContent = text;
}
