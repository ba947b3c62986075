// Media under signed links. They lie in R2, or, where that is not activated, in their lane's own rows.
// What is large comes in parts: each is compared with its digest, and one that is there is not asked
// for again.

import { Bucket } from "./bucket.js";
import { Rows } from "./rows.js";
import { hex, same, sign } from "./seal.js";

const LINK_S = 86_400;
// The least that R2 takes, so that comparing one takes little of a plan's CPU.
const PART = 5 * 1024 * 1024;
// Instagram takes videos of 300 MiB.
const LARGEST = 400 * 1024 * 1024;
const KEY = /^(\d{1,20})\.[A-Za-z0-9-]{1,64}\.\d{1,2}\.[a-z0-9]{2,4}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const BROKEN = { status: 422, error: "MEDIA_BROKEN" };
const GONE = { status: 409, error: "UPLOAD_GONE" };

/** Whether it is a key of ours: `account.post.position.extension`. */
export function isKey(key) {
  return KEY.test(key);
}

/** The address under which Meta fetches a medium, good for a day. */
export async function mediaUrl(env, key) {
  const until = Math.floor(Date.now() / 1000) + LINK_S;
  const signature = await sign(env.MEDIA_KEY, `${key}|${until}`);
  return `${env.PUBLIC_URL}/m/${key}?e=${until}&s=${signature}`;
}

/** Where the media of this Worker are: both stores take and give the same. */
export function storeOf(env) {
  const laneOf = (key) => laneNamed(env, KEY.exec(key)[1]);
  return env.MEDIA ? new Bucket(env.MEDIA, laneOf) : new Rows(laneOf);
}

export function laneNamed(env, account) {
  return env.LANES.get(env.LANES.idFromName(`ig:${account}`));
}

/** Answer Meta. What is not signed, not in time or not there is 404, all alike. */
export async function served(request, env, url, key) {
  const until = url.searchParams.get("e") ?? "";
  const expected = await sign(env.MEDIA_KEY, `${key}|${until}`);
  const isSigned = await same(url.searchParams.get("s") ?? "", expected);
  if (!isSigned || !isKey(key) || !(Number(until) * 1000 >= Date.now())) return absent();
  const store = storeOf(env);
  const about = await store.head(key);
  if (about === null) return absent();
  const headers = new Headers({
    "accept-ranges": "bytes",
    "cache-control": "private, no-store",
    "content-type": about.type,
    "x-content-type-options": "nosniff",
  });
  const range = rangeOf(request.headers.get("range"), about.size);
  if (range === null) {
    headers.set("content-range", `bytes */${about.size}`);
    return new Response(null, { status: 416, headers });
  }
  const { first, length } = range;
  headers.set("content-length", String(length));
  if (range.isPart) headers.set("content-range", `bytes ${first}-${first + length - 1}/${about.size}`);
  const body = request.method === "HEAD" ? null : fixed(await store.read(key, first, length), length);
  return new Response(body, { status: range.isPart ? 206 : 200, headers });
}

/** Take a medium; refused where its bytes are not those that `sha256` names. */
export async function taken(request, env, key) {
  const type = request.headers.get("content-type") ?? "application/octet-stream";
  const sha256 = request.headers.get("x-sha256") ?? "";
  if (!isKey(key) || !SHA256.test(sha256) || request.body === null) {
    return { status: 400, error: "INVALID_MEDIA" };
  }
  return storeOf(env).write(key, request, { type, sha256 });
}

/** Begin to take a medium in parts, or go on: the numbers of those that are there are told. */
export async function begun(env, key, { size, sha256, type }) {
  const isSize = Number.isInteger(size) && size > 0 && size <= LARGEST;
  if (!isKey(key) || !isSize || !SHA256.test(sha256 ?? "") || typeof type !== "string") {
    return { status: 400, error: "INVALID_MEDIA" };
  }
  const store = storeOf(env);
  const there = await store.head(key);
  if (there?.sha256 === sha256 && there.size === size) {
    await laneNamed(env, KEY.exec(key)[1]).expect(key);
    return { status: 200, isWhole: true };
  }
  const open = await store.begin(key, { size, sha256, type });
  if (open === null) return { status: 409, error: "NO_ROOM" };
  return { status: 200, isWhole: false, upload: open.upload, part: PART, have: open.have };
}

/** Take one part, the first being 1: as often as it comes and in any order. */
export async function partTaken(request, env, key, number) {
  const sha256 = request.headers.get("x-sha256") ?? "";
  const open = isKey(key) ? await openAs(request, env, key) : null;
  if (open === null) return GONE;
  const offset = (number - 1) * PART;
  const size = Math.min(PART, open.size - offset);
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (number < 1 || size < 1 || announced !== size) return { status: 400, error: "INVALID_MEDIA" };
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength !== size) return BROKEN;
  if (hex(await crypto.subtle.digest("SHA-256", bytes)) !== sha256) return BROKEN;
  if (!open.have.includes(number)) {
    const etag = await storeOf(env).keepPart(open, number, offset, bytes);
    const isKept = etag !== null && (await laneNamed(env, KEY.exec(key)[1]).notePart(open.upload, number, etag));
    if (!isKept) return GONE;
  }
  return { status: 200, part: number };
}

/** Make one medium of the parts; refused with what is missing. */
export async function completed(request, env, key) {
  const open = isKey(key) ? await openAs(request, env, key) : null;
  if (open === null) return GONE;
  const all = Array.from({ length: Math.ceil(open.size / PART) }, (_, at) => at + 1);
  const missing = all.filter((number) => !open.have.includes(number));
  if (missing.length) return { status: 409, error: "PARTS_MISSING", missing };
  return (await storeOf(env).complete(open)) ? { status: 200, key, size: open.size } : GONE;
}

/** Give up an upload in parts. */
export async function aborted(request, env, key) {
  const open = isKey(key) ? await openAs(request, env, key) : null;
  if (open !== null) {
    await storeOf(env).abort(open);
    await laneNamed(env, KEY.exec(key)[1]).closeUpload(open.upload);
  }
  return { status: 200, ok: true };
}

/** The upload that a request is about, null where another goes on under its key, or none. */
async function openAs(request, env, key) {
  const open = await laneNamed(env, KEY.exec(key)[1]).uploadOf(key);
  return open && open.upload === new URL(request.url).searchParams.get("upload") ? open : null;
}

/** What a Range header asks for; the whole where there is none that we know, null where it is beyond. */
function rangeOf(header, size) {
  const whole = { first: 0, length: size, isPart: false };
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (asked === null || (asked[1] === "" && asked[2] === "")) return whole;
  if (asked[1] === "") {
    const length = Math.min(Number(asked[2]), size);
    return length > 0 ? { first: size - length, length, isPart: true } : null;
  }
  const first = Number(asked[1]);
  const last = asked[2] === "" ? size - 1 : Math.min(Number(asked[2]), size - 1);
  if (first >= size) return null;
  return last < first ? whole : { first, length: last - first + 1, isPart: true };
}

/** A body whose length is told, so that whoever fetches it notices where it breaks off. */
function fixed(stream, length) {
  const { readable, writable } = new FixedLengthStream(length);
  stream.pipeTo(writable).catch(() => {});
  return readable;
}

function absent() {
  return new Response("Not found\n", { status: 404, headers: { "content-type": "text/plain" } });
}
