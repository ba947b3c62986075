// Media under signed links. They lie in R2, or, where that is not activated, in their lane's own rows.

import { hex, same, sign } from "./seal.js";

const LINK_S = 86_400;
// A message between objects takes 32 MiB, one row 2 MB.
const PIECE = 8 * 1024 * 1024;
export const ROW = 1_900_000;
// Of posts that the daemon publishes itself: nothing here knows when they are over.
const LENT = "0.link-";
const LENT_MS = 2 * LINK_S * 1000;
const KEY = /^(\d{1,20})\.[A-Za-z0-9-]{1,64}\.\d{1,2}\.[a-z0-9]{2,4}$/;

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
  return env.MEDIA ? new Bucket(env.MEDIA) : new Rows(env.LANES);
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
  if (!isKey(key) || !/^[0-9a-f]{64}$/.test(sha256) || request.body === null) {
    return { status: 400, error: "INVALID_MEDIA" };
  }
  return storeOf(env).write(key, request, { type, sha256 });
}

class Bucket {
  constructor(bucket) {
    this.bucket = bucket;
  }

  async write(key, request, { type, sha256 }) {
    try {
      const kept = await this.bucket.put(key, request.body, { httpMetadata: { contentType: type }, sha256 });
      return { status: 200, key, size: kept.size };
    } catch (error) {
      // R2 has compared the bytes with the digest.
      if (/10037|checksum/i.test(error.message)) return { status: 422, error: "MEDIA_BROKEN" };
      throw error;
    }
  }

  async head(key) {
    const found = await this.bucket.head(key);
    if (found === null) return null;
    return { size: found.size, type: found.httpMetadata?.contentType ?? "application/octet-stream" };
  }

  async read(key, offset, length) {
    const found = await this.bucket.get(key, { range: { offset, length } });
    if (found === null) throw new Error("it was deleted meanwhile");
    return found.body;
  }

  async remove(keys) {
    if (keys.length) await this.bucket.delete(keys);
  }

  async clearLent() {
    const { objects } = await this.bucket.list({ prefix: LENT });
    await this.remove(objects.filter((each) => Date.now() - each.uploaded > LENT_MS).map((each) => each.key));
  }
}

class Rows {
  constructor(lanes) {
    this.lanes = lanes;
  }

  #lane(key) {
    return this.lanes.get(this.lanes.idFromName(`ig:${KEY.exec(key)[1]}`));
  }

  async write(key, request, { type, sha256 }) {
    const lane = this.#lane(key);
    const digest = new crypto.DigestStream("SHA-256");
    const [kept, hashed] = request.body.tee();
    const hashing = hashed.pipeTo(digest);
    let size = 0;
    const upload = `${Date.now()}-${crypto.randomUUID()}`; // its age is told by its name
    for await (const piece of pieces(kept)) {
      await lane.keepPiece(upload, size, piece);
      size += piece.byteLength;
    }
    await hashing;
    const isWhole = hex(await digest.digest) === sha256;
    await lane.endUpload(upload, isWhole ? { key, size, type } : null);
    return isWhole ? { status: 200, key, size } : { status: 422, error: "MEDIA_BROKEN" };
  }

  head(key) {
    return this.#lane(key).mediumOf(key);
  }

  async read(key, offset, length) {
    const lane = this.#lane(key);
    let at = offset;
    const end = offset + length;
    return new ReadableStream({
      async pull(controller) {
        if (at >= end) return controller.close();
        const piece = await lane.pieceOf(key, at, Math.min(end - at, PIECE));
        if (piece === null) return controller.error(new Error("it was deleted meanwhile"));
        at += piece.byteLength;
        controller.enqueue(new Uint8Array(piece));
      },
    });
  }

  async remove(keys) {
    for (const key of keys) await this.#lane(key).removeMedium(key);
  }

  async clearLent() {
    const lane = this.lanes.get(this.lanes.idFromName("ig:0"));
    await lane.removeMediaBefore(Date.now() - LENT_MS);
  }
}

/** Pieces of a stream of one size each, but for the last. */
async function* pieces(stream) {
  let waiting = new Uint8Array(PIECE);
  let filled = 0;
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.byteLength; ) {
      const part = chunk.subarray(from, from + PIECE - filled);
      waiting.set(part, filled);
      filled += part.byteLength;
      from += part.byteLength;
      if (filled === PIECE) {
        yield waiting;
        waiting = new Uint8Array(PIECE);
        filled = 0;
      }
    }
  }
  if (filled) yield waiting.slice(0, filled);
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
