// What one job does next. Each step asks Meta at most twice and ends in a change of the job's row,
// which fails where the job was edited meanwhile: then its container is let go, and nobody sees it.

import { Graph, Lost, Refused, subcodeIn } from "./graph.js";
import { mediaUrl } from "./media.js";
import { unseal } from "./seal.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const POLLS_S = [2, 3, 5, 10, 20, 30, 60, 60, 60, 60];
const POLL_LATER_S = 300;
// What has not become a container that is ready by then is given up.
const READY_WITHIN = 6 * HOUR;
// An account that was held, or whose quota was used up, rested that long: nothing was tried meanwhile.
const LEAST_TRIES = 12;
// A container tells for a day whether it was published.
const ANSWERS_FOR = 23 * HOUR;
const LONGEST_WAIT = 15 * MINUTE;
const HELD_FOR = 24 * HOUR;
const CLOCK_SLACK = 10 * MINUTE;
const ROUNDING = 2 * SECOND;

const RATE_LIMITS = new Set([4, 17, 32, 341, 613]);
// Those by what an app is used for; of Instagram it is 80002.
const FIRST_RATE = 80_000;
const LAST_RATE = 80_014;
const PASSING = new Set([-1, -2, 24, 9007]);
// What was prepared is lost, or the media were not fetched: once more from the beginning.
const ANEW = new Set([2207003, 2207006, 2207020, 2207032, 2207052, 2207053]);
const NOT_FETCHED = 9004;
const MOST_BEGINNINGS = 5;
// Blocked as spam, checkpoint, restricted: whatever follows makes it worse.
const AGAINST_THE_ACCOUNT = new Set([2207051, 2207050]);
const BLOCKED = 368;
const QUOTA_USED_UP = 2207042;

const STEPS = {
  SCHEDULED: begin,
  CREATING: create,
  POLLING: poll,
  READY: publish,
  PUBLISHING: settle,
  PUBLISHED: finish,
};

const MAY_BE_LIVE = new Set(["PUBLISHING", "PUBLISHED"]);

/** Take the job one step on. */
export async function step(lane, job) {
  const heldUntil = lane.fact("heldUntil") ?? 0;
  // An account that Instagram has something against is left alone; what may be live is asked about.
  const body = JSON.parse(job.body);
  if (!MAY_BE_LIVE.has(job.state)) {
    // What is over is never sent, whatever made it late.
    if (Date.now() >= endOf(body)) return fail(lane, job, { kind: "missed" });
    if (heldUntil > Date.now()) return lane.set(job, { next_at: Math.min(heldUntil, endOf(body)) });
  }
  try {
    await STEPS[job.state](lane, job, body);
  } catch (error) {
    stumble(lane, job, error);
  }
}

/** Until when a job may be sent. */
function endOf(body) {
  return body.until ?? Infinity;
}

async function begin(lane, job, body) {
  const now = Date.now();
  if (now - job.due > (lane.fact("graceMs") ?? Infinity)) return fail(lane, job, { kind: "missed" });
  const free = lane.freeAt(job, body);
  if (free > now) return lane.set(job, { next_at: free });
  const { used, total } = await (await graphOf(lane)).quota();
  if (used >= total) return lane.set(job, { next_at: now + later(lane, HOUR / 2) });
  return lane.set(job, { state: "CREATING", begun_at: now, next_at: now, pieces: "[]", polls: 0 });
}

async function create(lane, job, body) {
  const api = await graphOf(lane);
  const pieces = JSON.parse(job.pieces);
  if (pieces.length < body.pieces.length) {
    const { media, kind, parameters } = body.pieces[pieces.length];
    const address = kind === "video" ? "video_url" : "image_url";
    const { id } = await api.create({ ...parameters, [address]: await mediaUrl(lane.env, media) });
    return lane.set(job, { pieces: JSON.stringify([...pieces, id]), next_at: Date.now(), polls: 0 });
  }
  let container = pieces[0];
  if (body.parent) {
    if (!(await areReady(lane, job, api, pieces))) return;
    container = (await api.create({ ...body.parent, children: pieces.join(",") })).id;
  }
  lane.set(job, { state: "POLLING", container, polls: 0, next_at: Date.now() + later(lane, SECOND) });
}

/** Whether all of a carousel's pieces are processed: the parent may not be made before. */
async function areReady(lane, job, api, pieces) {
  if (job.looks >= pieces.length) return true;
  if (await isFinished(lane, job, api, pieces[job.looks])) {
    lane.set(job, { looks: job.looks + 1, polls: 0, next_at: Date.now() });
  }
  return false;
}

async function poll(lane, job) {
  const api = await graphOf(lane);
  if (await isFinished(lane, job, api, job.container)) {
    lane.set(job, { state: "READY", looks: 0, polls: 0, next_at: Date.now() });
  }
}

/** Whether a container is ready; where it is not, the job knows when to ask again, or has failed. */
async function isFinished(lane, job, api, container) {
  const code = await stateOf(api, container);
  if (code.status_code === "FINISHED") return true;
  if (code.status_code === "PUBLISHED") {
    // Not by us: nothing of this epoch was sent. Somebody has to look.
    fail(lane, job, { kind: "doubt", message: "the container was published before" });
  } else if (code.status_code === "ERROR") {
    const message = String(code.status ?? "").slice(0, 300);
    const problem = { kind: "processing", message, subcode: subcodeIn(message) };
    if (isAgainstAccount(problem)) block(lane, job, problem);
    else startOver(lane, job, problem);
  } else if (code.status_code === "EXPIRED") {
    startOver(lane, job, { kind: "given_up", message: "what was prepared has expired" });
  } else {
    const seconds = POLLS_S[job.polls] ?? POLL_LATER_S;
    wait(lane, job, seconds * SECOND, { polls: job.polls + 1 }, "Meta has not finished the media");
  }
  return false;
}

/** A container's state. One that was just made is denied at first, which says nothing. */
async function stateOf(api, container) {
  try {
    return await api.state(container);
  } catch (error) {
    if (error instanceof Refused && error.code === 100 && error.subcode === 33) {
      return { status_code: "DENIED" };
    }
    throw error;
  }
}

async function publish(lane, job, body) {
  const now = Date.now();
  const free = lane.freeAt(job, body);
  if (free > now) return lane.set(job, { next_at: free });
  if (now - job.begun_at > ANSWERS_FOR) {
    return startOver(lane, job, { kind: "given_up", message: "what was prepared is too old" });
  }
  const api = await graphOf(lane);
  // What was there before it was first sent is not ours, whatever it looks like afterwards.
  const before = job.own_before ?? (await listed(api, body.stories));
  // Asking took a while.
  if (Date.now() >= endOf(body)) return fail(lane, job, { kind: "missed" });
  if (lane.begin(job, body, before)) await send(lane, job, api);
}

/** What is there, as it is kept; null where the token may not see that: only its id is lost by it. */
async function listed(api, stories) {
  try {
    return JSON.stringify((await api.recent(stories)).map((medium) => medium.id));
  } catch (error) {
    if (error instanceof Refused && mayNot(error)) return null;
    throw error;
  }
}

/** The one request that makes it live. Whatever it answers but an id, only asking tells what it did. */
async function send(lane, job, api) {
  try {
    const { id } = await api.publish(job.container);
    if (!id) throw new Lost("published without an id");
    lane.set(job, { state: "PUBLISHED", media_id: String(id), next_at: Date.now(), attempts: 0, problem: null });
  } catch (error) {
    const now = Date.now();
    lane.set(job, { lost_at: now, looks: 0, problem: told(error), next_at: now + later(lane, 5 * SECOND) });
  }
}

/** It may be live: ask, twice and apart, before anything is believed or sent again. */
async function settle(lane, job, body) {
  const now = Date.now();
  if (now - job.publishing_at > ANSWERS_FOR) return fail(lane, job, { ...problemOf(job), kind: "doubt" });
  if (job.lost_at === null) {
    // We were ended in the middle of it: the settling begins now.
    if (!lane.set(job, { lost_at: now, looks: 0, problem: JSON.stringify({ kind: "lost" }), next_at: now })) return;
  }
  const api = await graphOf(lane);
  const { status_code: code } = await stateOf(api, job.container);
  if (code === "PUBLISHED") return found(lane, job, api, body);
  if (code === "DENIED" || code === "IN_PROGRESS") throw new Lost(`the container is ${code}`);
  const settling = later(lane, MINUTE);
  const looks = job.looks + 1;
  if (looks < 2 || Date.now() - job.lost_at < settling) {
    return lane.set(job, { looks, next_at: Date.now() + Math.max(settling / 2, 50) });
  }
  const problem = problemOf(job);
  if (code !== "FINISHED") {
    return fail(lane, job, { ...problem, kind: "doubt", message: `the container is ${code}` });
  }
  if (isAgainstAccount(problem)) lane.hold(Date.now() + HELD_FOR, problem.message);
  if (!isToPass(problem)) return fail(lane, job, problem);
  if (isOver(job, job.attempts)) return fail(lane, job, { ...problem, kind: "given_up" });
  if (Date.now() >= endOf(body)) return fail(lane, job, { ...problem, kind: "missed" });
  // It is not live, and may be taken back until the same container goes out: Meta publishes it once.
  const again = Date.now() + later(lane, pauseAfter(problem, job.attempts));
  const next_at = Math.min(again, endOf(body));
  lane.set(job, { state: "READY", looks: 0, attempts: job.attempts + 1, next_at });
}

/** What is read of a caption: Instagram trims them, and writes line ends in its own way. */
const readOf = (caption) => caption.normalize("NFC").replace(/[\p{C}\p{Z}\ufffd]/gu, "");

/** The container says that it is live; as what, the account's newest media may tell. */
async function found(lane, job, api, body) {
  if (job.own_before === null) return done(lane, job);
  const said = readOf(body.parent?.caption ?? body.pieces[0].parameters.caption ?? "");
  const before = new Set(JSON.parse(job.own_before));
  const since = job.publishing_at - (body.stories ? ROUNDING : CLOCK_SLACK);
  const ours = (await api.recent(body.stories)).filter(
    (medium) =>
      !before.has(medium.id) &&
      !lane.isKnown(medium.id) &&
      !(Date.parse(medium.timestamp) < since) &&
      (body.stories || readOf(medium.caption ?? "") === said),
  );
  if (ours.length !== 1) return done(lane, job);
  lane.set(job, { state: "PUBLISHED", media_id: ours[0].id, next_at: Date.now(), attempts: 0, problem: null });
}

function done(lane, job, changes = {}) {
  lane.set(job, { ...changes, state: "DONE", next_at: null, ended_at: Date.now(), problem: null });
}

/** It is live. Its address may come a little later; then it ends without. */
async function finish(lane, job) {
  let permalink = null;
  try {
    permalink = await (await graphOf(lane)).permalink(job.media_id);
  } catch (error) {
    console.warn("no permalink", job.id, error.message);
  }
  if (permalink === null && job.attempts < 3) {
    return lane.set(job, { attempts: job.attempts + 1, next_at: Date.now() + later(lane, 3 * SECOND) });
  }
  done(lane, job, { permalink });
}

/**
 * A step came to nothing: later again, or never. What may be live is asked about for a day. How often
 * it was begun, or sent, counts apart from what passes by itself: several kinds are not added up.
 */
function stumble(lane, job, error) {
  const problem = JSON.parse(told(error));
  if (job.state === "PUBLISHING") {
    const pause = Math.min(2 ** job.polls * 5 * SECOND, 30 * MINUTE);
    return lane.set(job, { polls: job.polls + 1, next_at: Date.now() + later(lane, pause) });
  }
  if (isAgainstAccount(problem)) return block(lane, job, problem);
  if (ANEW.has(problem.subcode) || problem.code === NOT_FETCHED) return startOver(lane, job, problem);
  if (!isToPass(problem)) return fail(lane, job, problem);
  wait(lane, job, pauseAfter(problem, job.polls), { polls: job.polls + 1 }, problem.message);
}

function pauseAfter(problem, times) {
  return isLimit(problem) ? LONGEST_WAIT : Math.min(2 ** times * 2 * SECOND, LONGEST_WAIT);
}

/** The daemon has to hear of it now: it leaves the account alone too, and so does a person. */
function block(lane, job, problem) {
  lane.hold(Date.now() + HELD_FOR, problem.message);
  fail(lane, job, problem);
}

function wait(lane, job, pause, changes, reason) {
  if (isOver(job, job.polls)) return fail(lane, job, { kind: "given_up", message: reason });
  const next_at = Date.now() + later(lane, pause);
  lane.set(job, { ...changes, problem: JSON.stringify({ kind: "waits", message: reason }), next_at });
}

/** Whether a job has been at it for long, and came to nothing so often since it last went on. */
function isOver(job, times) {
  return times >= LEAST_TRIES && Date.now() - (job.begun_at ?? job.due) > READY_WITHIN;
}

function fail(lane, job, problem) {
  lane.set(job, { state: "FAILED", next_at: null, ended_at: Date.now(), problem: JSON.stringify(problem) });
}

/** Prepare it anew a little later; `problem` is why, and what it fails with at last. */
function startOver(lane, job, problem) {
  if (job.attempts + 1 >= MOST_BEGINNINGS) return fail(lane, job, problem);
  const now = Date.now();
  const pause = 2 ** job.attempts * 5 * SECOND;
  const anew = { state: "CREATING", pieces: "[]", container: null, own_before: null, polls: 0, looks: 0, attempts: job.attempts + 1 };
  lane.set(job, { ...anew, begun_at: now, next_at: now + later(lane, pause), problem: JSON.stringify(problem) });
}

function isToPass(problem) {
  return problem.kind !== "refused" || isPassing(problem);
}

function isPassing({ code, subcode, transient }) {
  if (isAgainstAccount({ code, subcode })) return false;
  return transient || PASSING.has(code) || isLimit({ code, subcode });
}

function isLimit({ code, subcode }) {
  const isRate = RATE_LIMITS.has(code) || (code >= FIRST_RATE && code <= LAST_RATE);
  return isRate || subcode === QUOTA_USED_UP;
}

function mayNot({ code, subcode }) {
  return code === 10 || (code >= 200 && code <= 299) || (code === 100 && subcode === 33);
}

function isAgainstAccount({ code, subcode }) {
  return AGAINST_THE_ACCOUNT.has(subcode) || code === BLOCKED;
}

function told(error) {
  const { code = null, subcode = null, transient = false, message } = error;
  const kind = error instanceof Refused ? "refused" : "lost";
  return JSON.stringify({ kind, code, subcode, transient, message: String(message).slice(0, 300) });
}

function problemOf(job) {
  return JSON.parse(job.problem ?? '{"kind":"lost"}');
}

function later(lane, milliseconds) {
  return Math.round(milliseconds * lane.pace);
}

async function graphOf(lane) {
  const account = lane.fact("account");
  if (!lane.fact("sealed")) throw new Refused({ code: 190, message: "the account was disconnected" }, 401);
  const token = await unseal(lane.env.ENCRYPTION_KEY, lane.fact("sealed"), account);
  return new Graph({ base: lane.fact("base"), version: lane.env.GRAPH_VERSION, account, token });
}
