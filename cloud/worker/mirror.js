// What people see who look into KV; nothing here reads it. What could not be written is written later.

const AT_ONCE = 5;
const LONGEST_MS = 10_000;
const KEPT_S = 30 * 86_400;

/** The states of which KV tells. */
export const MIRRORED = new Set(["SCHEDULED", "DONE", "FAILED", "RECALLED"]);

/** Write what KV does not tell yet of a lane's jobs. It never throws. */
export async function mirror({ env, sql, pace }) {
  if (!env.KV) return;
  const rows = sql.exec("SELECT * FROM jobs WHERE mirrored = 0 ORDER BY seq LIMIT ?", AT_ONCE).toArray();
  const writing = async () => {
    for (const job of rows) {
      await mirrored(env.KV, job);
      sql.exec("UPDATE jobs SET mirrored = 1 WHERE id = ? AND seq = ?", job.id, job.seq);
    }
  };
  try {
    // The next alarm waits for the end of this one: a KV that hangs may not hold the posts up.
    await within(LONGEST_MS * pace, writing());
  } catch (error) {
    console.warn("not mirrored", error.message);
  }
}

async function mirrored(kv, job) {
  const waiting = `scheduled:${job.id}`;
  const ended = { DONE: "completed", FAILED: "failed" }[job.state];
  if (ended) {
    await kv.put(`${ended}:${job.id}`, JSON.stringify(shown(job)), { expirationTtl: KEPT_S });
  }
  if (ended || job.state === "RECALLED") await kv.delete(waiting);
  if (job.state === "SCHEDULED") {
    const scheduledFor = new Date(job.due).toISOString();
    await kv.put(waiting, JSON.stringify({ postId: job.id, scheduledFor }), { metadata: { due: job.due } });
  }
}

async function within(milliseconds, doing) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error("it takes too long")), milliseconds);
  });
  try {
    return await Promise.race([doing, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A job as the daemon sees it. */
export function shown(job) {
  return {
    id: job.id,
    epoch: job.epoch,
    state: job.state,
    due: job.due,
    container: job.container,
    ownBefore: job.own_before === null ? null : JSON.parse(job.own_before),
    mediaId: job.media_id,
    permalink: job.permalink,
    problem: job.problem === null ? null : JSON.parse(job.problem),
    begunAt: job.begun_at,
    publishingAt: job.publishing_at,
    endedAt: job.ended_at,
    attempts: job.attempts,
    seq: job.seq,
    about: JSON.parse(job.body).about ?? null,
  };
}
