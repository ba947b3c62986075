// One account's queue: a Durable Object, so one writer in the world. What the daemon asks is one
// transaction each (no await between reading and writing), and each step is committed before the
// request that it allows: the output gate holds a fetch until the writes before it are durable.

import { storeOf } from "./media.js";
import { MIRRORED, mirror, shown } from "./mirror.js";
import { Shelf } from "./shelf.js";
import { step } from "./steps.js";
import { counted, keepTally, recent } from "./tally.js";

const OPEN = "('SCHEDULED', 'CREATING', 'POLLING', 'READY', 'PUBLISHING', 'PUBLISHED')";
// Until then nothing can be live.
const STOPPABLE = new Set(["PREPARED", "SCHEDULED", "CREATING", "POLLING", "READY"]);
const DAY_MS = 86_400_000;
const KEPT_MS = 30 * DAY_MS;
const SWEPT_AT_ONCE = 20;
const CHANGES_AT_ONCE = 200;
const OVERDUE_MS = 60_000;

export class Lane extends Shelf {
  constructor(ctx, env) {
    super(ctx, env);
    this.pace = Number(env.PACE ?? "1");
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS jobs (
        id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, state TEXT NOT NULL, due INTEGER NOT NULL,
        body TEXT NOT NULL, next_at INTEGER, pieces TEXT, container TEXT, own_before TEXT,
        publishing_at INTEGER, lost_at INTEGER, looks INTEGER NOT NULL DEFAULT 0, media_id TEXT,
        permalink TEXT, problem TEXT, attempts INTEGER NOT NULL DEFAULT 0,
        polls INTEGER NOT NULL DEFAULT 0, begun_at INTEGER, ended_at INTEGER, seq INTEGER NOT NULL,
        mirrored INTEGER NOT NULL DEFAULT 0, swept INTEGER NOT NULL DEFAULT 0) STRICT;
      CREATE INDEX IF NOT EXISTS jobs_next ON jobs (next_at) WHERE next_at IS NOT NULL;
      CREATE UNIQUE INDEX IF NOT EXISTS jobs_seq ON jobs (seq);
      CREATE INDEX IF NOT EXISTS jobs_unmirrored ON jobs (seq) WHERE mirrored = 0;
      CREATE INDEX IF NOT EXISTS jobs_unswept ON jobs (ended_at) WHERE swept = 0 AND ended_at IS NOT NULL;
      CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
      CREATE INDEX IF NOT EXISTS jobs_media ON jobs (media_id) WHERE media_id IS NOT NULL;
      CREATE INDEX IF NOT EXISTS jobs_prepared ON jobs (due) WHERE state = 'PREPARED';
      CREATE INDEX IF NOT EXISTS jobs_about ON jobs (json_extract(body, '$.about')) WHERE json_extract(body, '$.about') IS NOT NULL;
      CREATE INDEX IF NOT EXISTS jobs_under_way ON jobs (begun_at) WHERE begun_at IS NOT NULL AND ended_at IS NULL;
      CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
    `);
    // What tells these data from others under the same name: they may be removed, and begin anew.
    this.sql.exec("INSERT OR IGNORE INTO facts VALUES ('born', ?)", crypto.randomUUID());
    keepTally(this.sql);
  }

  // What the daemon asks

  /**
   * Take over an account's token and rules, and when the daemon published last, unless something
   * newer was told: requests overtake each other. What was held back before `liftedAt` goes on: a
   * person has looked since.
   */
  async setAccount(account, { revision, sealed, expiresAt, base, spacingMs, graceMs, publishedAt, liftedAt }) {
    if (this.#isStale(revision)) return this.#staleAccount();
    this.ctx.storage.transactionSync(() => {
      const heldUntil = this.fact("heldUntil");
      if (heldUntil && this.fact("heldSince") < liftedAt) {
        this.sql.exec(
          `UPDATE jobs SET next_at = ?1 WHERE next_at > ?1 AND next_at <= ?2 AND due <= ?1 AND state != 'PUBLISHING'`,
          ...[Date.now(), heldUntil + 60_000],
        );
        this.#keep({ heldUntil: 0, heldSince: null, heldFor: null });
      }
      // The daemon's clock may be ahead: what it published lies in no future.
      const latest = Math.max(Math.min(publishedAt ?? 0, Date.now()), this.fact("publishedAt") ?? 0);
      this.#keep({ account, revision, sealed, expiresAt, base, spacingMs, graceMs, publishedAt: latest });
    });
    await this.#arm();
    return { status: 200, ok: true };
  }

  /** Forget an account's token: nothing can go out of it any more. */
  async forgetAccount(revision) {
    if (this.#isStale(revision)) return this.#staleAccount();
    this.sql.exec("DELETE FROM facts WHERE name = 'sealed'");
    this.#keep({ revision });
    return { status: 200, ok: true };
  }

  #isStale(revision) {
    return revision < (this.fact("revision") ?? 0);
  }

  #staleAccount() {
    return { status: 409, error: "STALE_ACCOUNT", revision: this.fact("revision") };
  }

  async put(id, asked) {
    const done = this.ctx.storage.transactionSync(() => this.#put(id, asked));
    await this.#arm();
    return done;
  }

  /** Many jobs in one go; each has an answer of its own. */
  async putMany(jobs) {
    const done = this.ctx.storage.transactionSync(() =>
      jobs.map(({ id, ...asked }) => ({ id, ...this.#put(id, asked) })),
    );
    await this.#arm();
    return { status: 200, jobs: done };
  }

  #put(id, { epoch, due, body, activate }) {
    const text = JSON.stringify(body);
    const old = this.job(id);
    if (old && epoch < old.epoch) return refused("STALE_EPOCH", old);
    if (old && epoch === old.epoch) {
      const isRepeated = old.body === text && old.due === due;
      return isRepeated ? taken(old) : refused("EPOCH_REUSED", old);
    }
    if (old && !isStoppable(old)) return refused("TOO_LATE", old);
    if (due >= (this.fact("expiresAt") ?? Infinity)) return { status: 409, error: "TOKEN_EXPIRED" };
    if (!this.fact("sealed")) return { status: 409, error: "NO_ACCOUNT" };
    // Another machine, or this one of another time, has handed the same over under another name.
    const twin = body.about === undefined ? null : this.#twin(id, body.about);
    if (twin) return refused("TAKEN", twin);
    const state = activate ? "SCHEDULED" : "PREPARED";
    const kept = new Set(body.pieces.map((piece) => piece.media));
    for (const key of old ? mediaOf(old) : []) if (!kept.has(key)) this.loosen(key);
    for (const key of kept) this.claim(key);
    const seq = this.#nextSeq(); // above that of the row it replaces: numbers only rise
    this.sql.exec("DELETE FROM jobs WHERE id = ?", id);
    this.sql.exec(
      "INSERT INTO jobs (id, epoch, state, due, body, next_at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[id, epoch, state, due, text, activate ? due : null, seq],
    );
    return taken(this.job(id));
  }

  /** The other job about the same, which is live, or may go out or be. */
  #twin(id, about) {
    const others = "SELECT * FROM jobs WHERE json_extract(body, '$.about') = ? AND id != ?";
    const waits = new Set(["PREPARED", "RECALLED"]);
    return this.sql
      .exec(others, about, id)
      .toArray()
      .find((job) => !waits.has(job.state) && !(job.state === "FAILED" && isStoppable(job)));
  }

  /** Let a prepared job run: the one request of a hand-over whose loss leaves doubt. */
  async activate(id, epoch) {
    const job = this.job(id);
    if (!job) return { status: 404, error: "NOT_FOUND" };
    if (job.epoch !== epoch) return refused("STALE_EPOCH", job);
    if (job.state === "PREPARED") {
      const { about } = JSON.parse(job.body);
      const twin = about === undefined ? null : this.#twin(id, about);
      if (twin) return refused("TAKEN", twin);
      this.set(job, { state: "SCHEDULED", next_at: job.due });
      await this.#arm();
    }
    return taken(this.job(id));
  }

  /** Give a job back. 200 means: nothing of this epoch or of one before it will ever go out. */
  async recall(id, epoch) {
    const job = this.job(id);
    if (!job) {
      // It never arrived. Its epoch is remembered, so that it finds itself stale when it does.
      this.sql.exec(
        "INSERT INTO jobs (id, epoch, state, due, body, ended_at, seq) VALUES (?, ?, 'RECALLED', 0, '{}', ?, ?)",
        ...[id, epoch, Date.now(), this.#nextSeq()],
      );
      return taken(this.job(id));
    }
    if (epoch < job.epoch) return refused("STALE_EPOCH", job);
    if (job.state === "RECALLED" && epoch === job.epoch) return taken(job);
    if (job.state !== "RECALLED" && !isStoppable(job)) return refused("TOO_LATE", job);
    this.set(job, { epoch, state: "RECALLED", next_at: null, ended_at: Date.now() });
    await this.#arm();
    return taken(this.job(id));
  }

  async get(id) {
    const job = this.job(id);
    return job ? taken(job) : { status: 404, error: "NOT_FOUND" };
  }

  /** What changed after `since`; asking says that everything up to it has been received. */
  async changes(since) {
    this.#keep({ received: Math.max(since, this.fact("received") ?? 0) });
    const rows = this.sql
      .exec("SELECT * FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?", since, CHANGES_AT_ONCE)
      .toArray();
    return { status: 200, jobs: rows.map(shown), seq: this.#lastSeq(), born: this.fact("born"), now: Date.now() };
  }

  async counts() {
    return {
      account: this.fact("account"),
      counts: counted(this.sql),
      recent: recent(this.sql),
      alarm: await this.ctx.storage.getAlarm(),
      bytes: this.sql.databaseSize,
      uploads: this.uploads(),
      heldUntil: this.fact("heldUntil") || null,
      heldFor: this.fact("heldFor"),
      expiresAt: this.fact("expiresAt"),
    };
  }

  // What keeps it going

  /** One step of the job that is due first. It never throws: six throws, and there is no alarm any more. */
  async alarm() {
    const job = this.#due();
    if (job) {
      try {
        await step(this, job);
      } catch (error) {
        console.error("step failed", job.id, job.state, error.message);
        this.set(job, { next_at: Date.now() + 60_000 });
      }
    }
    await this.#arm();
    await mirror(this);
  }

  /** The cron's safety net: an alarm that should be there is set again, and what is over is cleared. */
  async check() {
    await this.#arm();
    const media = () => this.clearMedia(storeOf(this.env));
    for (const tidy of [() => this.#sweep(), media, () => this.#prune(), () => mirror(this)]) {
      try {
        await tidy();
      } catch (error) {
        console.warn("not tidied", this.fact("account"), error.message);
      }
    }
  }

  #due() {
    const due = `SELECT * FROM jobs WHERE next_at <= ? AND state IN ${OPEN} ORDER BY next_at LIMIT 1`;
    return this.sql.exec(due, Date.now()).toArray()[0];
  }

  async #arm() {
    const first = `SELECT next_at FROM jobs WHERE next_at IS NOT NULL AND state IN ${OPEN} ORDER BY next_at LIMIT 1`;
    const next = this.sql.exec(first).toArray()[0]?.next_at ?? null;
    const set = await this.ctx.storage.getAlarm();
    // One that is long over was lost.
    const isOver = set !== null && set < Date.now() - OVERDUE_MS * this.pace;
    if (next === set && !isOver) return;
    if (next === null) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(isOver ? Math.max(next, Date.now()) : next);
  }

  /** Delete the media of what is over, or was never let run. */
  async #sweep() {
    const never = "SELECT * FROM jobs WHERE state = 'PREPARED' AND due < ? LIMIT ?";
    for (const job of this.sql.exec(never, Date.now() - 2 * DAY_MS, SWEPT_AT_ONCE).toArray()) {
      this.set(job, { state: "RECALLED", ended_at: Date.now() });
    }
    const rows = this.sql
      .exec("SELECT * FROM jobs WHERE swept = 0 AND ended_at IS NOT NULL ORDER BY ended_at LIMIT ?", SWEPT_AT_ONCE)
      .toArray();
    for (const job of rows) {
      await this.removeMedia(storeOf(this.env), mediaOf(job));
      this.sql.exec("UPDATE jobs SET swept = 1 WHERE id = ? AND seq = ?", job.id, job.seq);
    }
  }

  /** Forget what is long over and known to the daemon; the newest row stays, numbers only rise. */
  #prune() {
    this.sql.exec(
      `DELETE FROM jobs WHERE ended_at < ? AND seq <= ? AND seq < ? AND swept = 1`,
      ...[Date.now() - KEPT_MS, this.fact("received") ?? 0, this.#lastSeq()],
    );
  }

  // What the steps use

  fact(name) {
    return this.sql.exec("SELECT value FROM facts WHERE name = ?", name).toArray()[0]?.value ?? null;
  }

  job(id) {
    return this.sql.exec("SELECT * FROM jobs WHERE id = ?", id).toArray()[0];
  }

  /** Change a job, unless it was edited, recalled or moved on meanwhile; says whether it did. */
  set(job, changes) {
    const all = { ...changes, seq: this.#nextSeq() };
    if (MIRRORED.has(changes.state)) all.mirrored = 0;
    const names = Object.keys(all).map((name) => `${name} = ?`);
    const found = this.sql
      .exec(
        `UPDATE jobs SET ${names.join(", ")} WHERE id = ? AND epoch = ? AND state = ? RETURNING id`,
        ...[...Object.values(all), job.id, job.epoch, job.state],
      )
      .toArray();
    if (found.length) Object.assign(job, all);
    return found.length === 1;
  }

  /** Hold the whole account back: Instagram has something against it. */
  hold(until, reason) {
    this.#keep({ heldUntil: until, heldSince: Date.now(), heldFor: reason });
  }

  /**
   * When the account may publish again: its last post, and one that is in doubt, come first. What
   * asks for a distance of its own keeps it to the last one that did.
   */
  freeAt(job, { apartMs = 0 }) {
    const doubt = `SELECT 1 FROM jobs WHERE begun_at > 0 AND ended_at IS NULL AND state = 'PUBLISHING' AND id != ? LIMIT 1`;
    const isBusy = this.sql.exec(doubt, job.id).toArray().length > 0;
    const apart = apartMs ? (this.fact("apartAt") ?? 0) + apartMs : 0;
    const last = this.fact("publishedAt") ?? 0;
    // What was sent before in vain keeps no distance to itself.
    const spaced = last === job.publishing_at ? 0 : Math.max(last + (this.fact("spacingMs") ?? 0), apart);
    return isBusy ? Math.max(spaced, Date.now() + 5_000 * this.pace) : spaced;
  }

  /** Commit that a job is being published; from here on only asking tells what became of it. */
  begin(job, body, ownBefore) {
    const now = Date.now();
    const intent = { publishing_at: now, own_before: ownBefore, lost_at: null, looks: 0, polls: 0 };
    return this.ctx.storage.transactionSync(() => {
      const begun = this.set(job, { ...intent, state: "PUBLISHING", next_at: now });
      if (begun) this.#keep({ publishedAt: now, ...(body.apartMs ? { apartAt: now } : {}) });
      return begun;
    });
  }

  /** Whether another job is known to have become this medium. */
  isKnown(mediaId) {
    return this.sql.exec("SELECT 1 FROM jobs WHERE media_id = ? LIMIT 1", mediaId).toArray().length > 0;
  }

  #keep(facts) {
    for (const [name, value] of Object.entries(facts)) {
      this.sql.exec(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value",
        ...[name, value ?? null],
      );
    }
  }

  #lastSeq() {
    return this.sql.exec("SELECT seq FROM jobs ORDER BY seq DESC LIMIT 1").toArray()[0]?.seq ?? 0;
  }

  #nextSeq() {
    return this.#lastSeq() + 1;
  }
}

function taken(job) {
  return { status: 200, job: shown(job), now: Date.now() };
}

function refused(error, job) {
  return { status: 409, error, job: shown(job), now: Date.now() };
}

/** Whether it can be given back or replaced: nothing of it is live or may be. */
function isStoppable(job) {
  if (job.state === "RECALLED" || STOPPABLE.has(job.state)) return true;
  return job.state === "FAILED" && JSON.parse(job.problem ?? "{}").kind !== "doubt";
}

function mediaOf(job) {
  return (JSON.parse(job.body).pieces ?? []).map((piece) => piece.media);
}
