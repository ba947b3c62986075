// Media in the rows of their lane, where R2 is not activated: what there is room for.

import { hex } from "./seal.js";

// A message between objects takes 32 MiB.
const PIECE = 8 * 1024 * 1024;

export class Rows {
  constructor(laneOf) {
    this.laneOf = laneOf;
  }

  async write(key, request, { type, sha256 }) {
    const lane = this.laneOf(key);
    const announced = Number(request.headers.get("content-length") ?? 0);
    if (!(await lane.hasRoomFor(announced))) return { status: 409, error: "NO_ROOM" };
    const digest = new crypto.DigestStream("SHA-256");
    const [kept, hashed] = request.body.tee();
    const hashing = hashed.pipeTo(digest);
    let size = 0;
    const upload = named(sha256);
    await lane.openAlone({ upload, key, sha256, size: announced, type });
    for await (const piece of pieces(kept)) {
      await lane.keepPiece(upload, size, piece);
      size += piece.byteLength;
    }
    await hashing;
    if (hex(await digest.digest) !== sha256) {
      await lane.dropUpload(upload);
      return { status: 422, error: "MEDIA_BROKEN" };
    }
    await lane.endUpload({ upload, key, size, type });
    return { status: 200, key, size };
  }

  async head(key) {
    const found = await this.laneOf(key).mediumOf(key);
    return found && { size: found.size, type: found.type, sha256: found.upload.split("-")[1] };
  }

  async read(key, offset, length) {
    const lane = this.laneOf(key);
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
    for (const key of keys) await this.laneOf(key).removeMedium(key);
  }

  async begin(key, { sha256, size, type }) {
    const lane = this.laneOf(key);
    if (!(await lane.hasRoomFor(size))) return null;
    return lane.openUpload({ upload: named(sha256), key, sha256, size, type });
  }

  async keepPart({ key, upload }, _number, offset, bytes) {
    await this.laneOf(key).keepPiece(upload, offset, bytes);
    return "";
  }

  async complete(open) {
    await this.laneOf(open.key).endUpload(open);
    return true;
  }

  async abort({ key, upload }) {
    await this.laneOf(key).dropUpload(upload);
  }
}

/** A name for an upload that tells what it is of. */
function named(sha256) {
  return `${Date.now()}-${sha256}-${crypto.randomUUID()}`;
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
