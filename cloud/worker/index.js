// The Worker's doors: the daemon's (bearer), Meta's (signed links to media), and the cron.

import { aborted, begun, completed, isKey, laneNamed as lane, partTaken, served, taken } from "./media.js";
import { same } from "./seal.js";

export { Lane } from "./lane.js";
export { Registry } from "./registry.js";

const LARGEST_ASKED = 4_000_000;
const ACCOUNT = /^\d{1,20}$/;
const JOB = /^[A-Za-z0-9-]{1,64}$/;
const MOST_JOBS = 500;
// The lane of media of posts that the daemon publishes itself: no post here ever names them.
const LENDER = "0";

class Invalid extends Error {}

const DAEMON = [
  ["GET", /^\/v1\/diagnostics$/, diagnostics],
  ["GET", /^\/v1\/kv$/, keys],
  ["GET", /^\/v1\/changes$/, ({ env, url }) => lane(env, account(url)).changes(whole(url, "since"))],
  ["PUT", /^\/v1\/accounts\/(\d{1,20})$/, setAccount],
  ["DELETE", /^\/v1\/accounts\/(\d{1,20})$/, ({ env, url }, id) => lane(env, id).forgetAccount(whole(url, "revision"))],
  ["PUT", /^\/v1\/media\/([^/]+)$/, ({ env, request }, key) => taken(request, env, key)],
  ["POST", /^\/v1\/media\/([^/]+)\/upload$/, async ({ env, request }, key) => begun(env, key, await body(request))],
  ["PUT", /^\/v1\/media\/([^/]+)\/parts\/(\d{1,3})$/, ({ env, request }, key, at) => partTaken(request, env, key, Number(at))],
  ["POST", /^\/v1\/media\/([^/]+)\/complete$/, ({ env, request }, key) => completed(request, env, key)],
  ["DELETE", /^\/v1\/media\/([^/]+)\/upload$/, ({ env, request }, key) => aborted(request, env, key)],
  ["POST", /^\/v1\/jobs$/, putMany],
  ["PUT", /^\/v1\/jobs\/([^/]+)$/, put],
  ["GET", /^\/v1\/jobs\/([^/]+)$/, ({ env, url }, id) => lane(env, account(url)).get(id)],
  ["POST", /^\/v1\/jobs\/([^/]+)\/activate$/, (asked, id) => withEpoch(asked, id, "activate")],
  ["POST", /^\/v1\/jobs\/([^/]+)\/recall$/, (asked, id) => withEpoch(asked, id, "recall")],
];

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const medium = /^\/m\/([^/]+)$/.exec(url.pathname);
    if (medium && ["GET", "HEAD"].includes(request.method)) return served(request, env, url, medium[1]);
    const bearer = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
    if (!(await same(bearer, env.WORKER_TOKEN))) return json({ status: 401, error: "AUTH_REQUIRED" });
    try {
      return json(await asked(request, env, url));
    } catch (error) {
      if (error instanceof Invalid) return json({ status: 400, error: "INVALID", message: error.message });
      console.error("request failed", request.method, url.pathname, error.message);
      return json({ status: 503, error: "UNAVAILABLE" });
    }
  },

  async scheduled(event, env) {
    const { isToCheck, accounts } = await registry(env).cronCame(new Date(event.scheduledTime).toISOString());
    if (!isToCheck) return;
    // What fails for one account is no reason to leave the others without their alarms.
    for (const each of [...accounts, LENDER]) {
      await lane(env, each).check().catch((error) => console.error("not checked", error.message));
    }
  },
};

async function asked(request, env, url) {
  for (const [method, path, answer] of DAEMON) {
    const found = path.exec(url.pathname);
    if (found && method === request.method) return answer({ request, env, url }, ...found.slice(1));
  }
  return { status: 404, error: "NOT_FOUND" };
}

async function setAccount({ request, env }, id) {
  const { revision, sealed, expiresAt, base, spacingMs, graceMs, publishedAt = null, liftedAt = null } = await body(request);
  require(isEpoch(revision), "revision is a whole number from 1");
  require(typeof sealed === "string" && typeof base === "string", "sealed and base are texts");
  require(expiresAt === null || Number.isInteger(expiresAt), "expiresAt is a time in ms or null");
  require(Number.isInteger(spacingMs) && Number.isInteger(graceMs), "spacingMs and graceMs are whole");
  require(publishedAt === null || Number.isInteger(publishedAt), "publishedAt is a time in ms or null");
  require(liftedAt === null || Number.isInteger(liftedAt), "liftedAt is a time in ms or null");
  await registry(env).add(id);
  return lane(env, id).setAccount(id, { revision, sealed, expiresAt, base, spacingMs, graceMs, publishedAt, liftedAt });
}

async function put({ request, env }, id) {
  const { account: of, ...job } = await body(request);
  return lane(env, checkedAccount(of)).put(id, checkedJob(id, job));
}

async function putMany({ request, env }) {
  const { account: of, jobs } = await body(request);
  require(Array.isArray(jobs) && jobs.length <= MOST_JOBS, `at most ${MOST_JOBS} jobs at once`);
  return lane(env, checkedAccount(of)).putMany(jobs.map(({ id, ...job }) => ({ id, ...checkedJob(id, job) })));
}

async function withEpoch({ request, env }, id, act) {
  const { account: of, epoch } = await body(request);
  require(JOB.test(id) && isEpoch(epoch), "a job and its epoch");
  return lane(env, checkedAccount(of))[act](id, epoch);
}

async function diagnostics({ env }) {
  const accounts = await registry(env).lanes();
  const lanes = await Promise.all(accounts.map((each) => lane(env, each).counts()));
  const sum = (...states) =>
    lanes.flatMap(({ counts }) => states.map((state) => counts[state] ?? 0)).reduce((all, many) => all + many, 0);
  return {
    status: 200,
    version: env.VERSION,
    hasEncryptionKey: Boolean(env.ENCRYPTION_KEY),
    store: env.MEDIA ? "r2" : "rows",
    lastCronRun: await registry(env).lastCron(),
    scheduledCount: sum("PREPARED", "SCHEDULED", "CREATING", "POLLING", "READY", "PUBLISHING", "PUBLISHED"),
    completedCount: sum("DONE"),
    failedCount: sum("FAILED"),
    lanes,
    now: Date.now(),
  };
}

async function keys({ env, url }) {
  const lastCronRun = await registry(env).lastCron();
  if (!env.KV) return { status: 200, keys: [], complete: true, cursor: null, lastCronRun };
  const prefix = url.searchParams.get("prefix") ?? undefined;
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const page = await env.KV.list({ prefix, cursor });
  return { status: 200, keys: page.keys, complete: page.list_complete, cursor: page.cursor ?? null, lastCronRun };
}

function registry(env) {
  return env.REGISTRY.get(env.REGISTRY.idFromName("registry"));
}

function json({ status, ...answer }) {
  // Whoever asks may have a clock that is wrong: the end of a link is by this one.
  const headers = { "cache-control": "no-store", date: new Date().toUTCString() };
  return Response.json(answer, { status, headers });
}

async function body(request) {
  require(Number(request.headers.get("content-length") ?? 0) <= LARGEST_ASKED, "too large");
  try {
    const read = JSON.parse(await request.text());
    require(read !== null && typeof read === "object", "an object");
    return read;
  } catch (error) {
    throw error instanceof Invalid ? error : new Invalid("no JSON");
  }
}

function checkedJob(id, { epoch, due, body: content, activate }) {
  require(typeof id === "string" && JOB.test(id), "no id of a job");
  require(isEpoch(epoch), "epoch is a whole number from 1");
  require(Number.isInteger(due) && due > 0, "due is a time in ms");
  require(typeof activate === "boolean", "activate is true or false");
  require(typeof content?.stories === "boolean" && Array.isArray(content.pieces), "body has stories and pieces");
  require(content.pieces.length >= 1 && content.pieces.length <= 10, "1 to 10 pieces");
  for (const { media, kind, parameters } of content.pieces) {
    require(typeof media === "string" && isKey(media), "a piece names its medium");
    require(["image", "video"].includes(kind), "a piece is an image or a video");
    require(parameters !== null && typeof parameters === "object", "a piece has parameters");
  }
  for (const name of ["until", "apartMs"]) {
    require(content[name] === undefined || Number.isInteger(content[name]), `${name} is in ms`);
  }
  require(content.about === undefined || typeof content.about === "string", "about is a text");
  require((content.pieces.length > 1) === Boolean(content.parent), "several pieces have a parent");
  return { epoch, due, body: content, activate };
}

function isEpoch(epoch) {
  return Number.isInteger(epoch) && epoch >= 1;
}

function account(url) {
  return checkedAccount(url.searchParams.get("account"));
}

function checkedAccount(id) {
  require(ACCOUNT.test(id ?? ""), "account is Instagram's number of it");
  return id;
}

function whole(url, name) {
  const number = Number(url.searchParams.get(name) ?? 0);
  require(Number.isInteger(number) && number >= 0, `${name} is a whole number`);
  return number;
}

function require(isSo, what) {
  if (!isSo) throw new Invalid(what);
}
