// What a lane knows of media: those that lie in its own rows, where there is no bucket; uploads in
// parts, wherever they lie; and what no post has named yet, so that it does not stay for ever.

import { DurableObject } from "cloudflare:workers";

// One row takes 2 MB.
export const ROW = 1_900_000;
// Of Cloudflare's 5 GB for all accounts of a free plan.
const ROOM = 4_000_000_000;
const CLEARED_AT_ONCE = 20;
const UNCLAIMED_MS = 2 * 86_400_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS media (
    key TEXT PRIMARY KEY, upload TEXT NOT NULL, size INTEGER NOT NULL, type TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS media_rows (
    upload TEXT NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (upload, at)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS uploads (
    upload TEXT PRIMARY KEY, key TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    type TEXT NOT NULL, begun INTEGER NOT NULL, in_parts INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS uploads_key ON uploads (key) WHERE in_parts = 1;
  CREATE INDEX IF NOT EXISTS uploads_begun ON uploads (begun);
  CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (upload, number)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS held (key TEXT PRIMARY KEY, unclaimed_since INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS held_unclaimed ON held (unclaimed_since) WHERE unclaimed_since IS NOT NULL;
  CREATE TABLE IF NOT EXISTS loose (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
`;

export class Shelf extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(SCHEMA);
  }

  // Uploads in parts

  /** The upload that goes on under a key, with the numbers of the parts that are there, or null. */
  async uploadOf(key) {
    const found = this.sql.exec("SELECT * FROM uploads WHERE key = ? AND in_parts = 1", key).toArray()[0];
    if (!found) return null;
    return { ...found, have: (await this.partsOf(found.upload)).map((part) => part.partNumber) };
  }

  /** Begin an upload, unless the same goes on under this key; the one that counts is returned. */
  async openUpload(asked) {
    const found = await this.uploadOf(asked.key);
    if (found && found.sha256 === asked.sha256 && found.size === asked.size) return found;
    // The other one is broken off: it is cleared when the cron comes.
    if (found) this.sql.exec("UPDATE uploads SET begun = 0, in_parts = 0 WHERE upload = ?", found.upload);
    this.#keepUpload(asked, true);
    return { ...asked, have: [] };
  }

  /** Begin an upload of which nothing can be taken up again. */
  async openAlone(asked) {
    this.#keepUpload(asked, false);
  }

  #keepUpload({ upload, key, sha256, size, type }, inParts) {
    this.sql.exec(
      "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[upload, key, sha256, size, type, Date.now(), Number(inParts)],
    );
    this.expect(key);
  }

  /** How many uploads have not come to their end. */
  uploads() {
    return this.sql.exec("SELECT count(*) AS many FROM uploads WHERE begun >= 0").one().many;
  }

  async partsOf(upload) {
    return this.sql
      .exec("SELECT number AS partNumber, etag FROM parts WHERE upload = ? ORDER BY number", upload)
      .toArray();
  }

  /** Note that a part is there, whole; false where its upload is over. */
  async notePart(upload, number, etag) {
    const isOpen = this.sql.exec("SELECT 1 FROM uploads WHERE upload = ?", upload).toArray().length > 0;
    if (isOpen) this.sql.exec("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", upload, number, etag);
    return isOpen;
  }

  /** Forget an upload: it is the medium of its key now, or was given up. */
  async closeUpload(upload) {
    this.sql.exec("DELETE FROM parts WHERE upload = ?", upload);
    this.sql.exec("DELETE FROM uploads WHERE upload = ?", upload);
  }

  // What nobody has named

  /** Note that a medium lies here, or is about to; what no post names within two days is cleared. */
  async expect(key) {
    this.sql.exec(
      `INSERT INTO held VALUES (?, ?) ON CONFLICT DO UPDATE SET unclaimed_since = excluded.unclaimed_since
         WHERE unclaimed_since IS NOT NULL`,
      ...[key, Date.now()],
    );
  }

  /** Note that a post names it. */
  claim(key) {
    this.sql.exec("INSERT INTO held VALUES (?, NULL) ON CONFLICT DO UPDATE SET unclaimed_since = NULL", key);
    this.sql.exec("DELETE FROM loose WHERE key = ?", key);
  }

  /** Let a medium go that no post names any more. */
  loosen(key) {
    this.sql.exec("INSERT OR IGNORE INTO loose VALUES (?)", key);
  }

  /** Remove media for good, wherever they lie. */
  async removeMedia(store, keys) {
    await store.remove(keys);
    for (const key of keys) {
      this.sql.exec("DELETE FROM held WHERE key = ?", key);
      this.sql.exec("DELETE FROM loose WHERE key = ?", key);
    }
  }

  /** Clear what nobody names: replaced media, what was lent, uploads that were broken off. */
  async clearMedia(store) {
    const before = Date.now() - UNCLAIMED_MS;
    const unclaimed = "SELECT key FROM held WHERE unclaimed_since < ? ORDER BY unclaimed_since LIMIT ?";
    await this.removeMedia(store, this.#keys(unclaimed, before, CLEARED_AT_ONCE));
    await this.removeMedia(store, this.#keys("SELECT key FROM loose LIMIT ?", CLEARED_AT_ONCE));
    const brokenOff = this.sql
      .exec("SELECT upload, key FROM uploads WHERE begun < ? ORDER BY begun LIMIT ?", before, CLEARED_AT_ONCE)
      .toArray();
    for (const each of brokenOff) {
      await store.abort(each);
      await this.closeUpload(each.upload);
    }
  }

  #keys(text, ...bound) {
    return this.sql.exec(text, ...bound).toArray().map(({ key }) => key);
  }

  // Media in rows

  /** Whether so many more bytes may lie here. */
  async hasRoomFor(size) {
    return this.sql.databaseSize + size <= Number(this.env.ROOM ?? ROOM);
  }

  async keepPiece(upload, offset, piece) {
    for (let at = 0; at < piece.byteLength; at += ROW) {
      const row = piece.slice(at, at + ROW);
      this.sql.exec("INSERT OR REPLACE INTO media_rows VALUES (?, ?, ?)", upload, offset + at, row);
    }
  }

  /** Let an upload be the medium of a key. */
  async endUpload({ upload, key, size, type }) {
    this.ctx.storage.transactionSync(() => {
      this.#dropRows(key);
      this.sql.exec("INSERT OR REPLACE INTO media VALUES (?, ?, ?, ?)", key, upload, size, type);
    });
    await this.closeUpload(upload);
  }

  /** Give up an upload, with what has come of it. */
  async dropUpload(upload) {
    this.sql.exec("DELETE FROM media_rows WHERE upload = ?", upload);
    await this.closeUpload(upload);
  }

  async mediumOf(key) {
    return this.sql.exec("SELECT upload, size, type FROM media WHERE key = ?", key).toArray()[0] ?? null;
  }

  async pieceOf(key, offset, length) {
    const rows = this.sql
      .exec(
        `SELECT at, bytes FROM media_rows WHERE upload = (SELECT upload FROM media WHERE key = ?)
           AND at > ? AND at < ? ORDER BY at`,
        ...[key, offset - ROW, offset + length],
      )
      .toArray();
    const piece = new Uint8Array(length);
    let filled = 0;
    for (const { at, bytes } of rows) {
      const part = new Uint8Array(bytes).subarray(Math.max(0, offset - at), offset + length - at);
      piece.set(part, Math.max(at, offset) - offset);
      filled += part.byteLength;
    }
    return filled === length ? piece : null;
  }

  async removeMedium(key) {
    this.ctx.storage.transactionSync(() => {
      this.#dropRows(key);
      this.sql.exec("DELETE FROM media WHERE key = ?", key);
    });
  }

  #dropRows(key) {
    this.sql.exec("DELETE FROM media_rows WHERE upload IN (SELECT upload FROM media WHERE key = ?)", key);
  }
}
