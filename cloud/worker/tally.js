// How many jobs there are in each state, without reading them: what waits may be 100,000 rows, and
// every row that is read counts. Triggers keep the numbers of what may be many; the rest is looked up.

const KEPT = "('SCHEDULED', 'DONE', 'FAILED', 'RECALLED')";

/** Keep the numbers from here on; where they were not kept so far, count once. */
export function keepTally(sql) {
  sql.exec("CREATE TABLE IF NOT EXISTS tally (state TEXT PRIMARY KEY, many INTEGER NOT NULL) STRICT, WITHOUT ROWID");
  if (sql.exec("SELECT 1 FROM tally LIMIT 1").toArray().length === 0) {
    sql.exec(`INSERT INTO tally SELECT state, count(*) FROM jobs WHERE state IN ${KEPT} GROUP BY state`);
  }
  sql.exec(`
    CREATE TRIGGER IF NOT EXISTS jobs_in AFTER INSERT ON jobs WHEN new.state IN ${KEPT} BEGIN
      INSERT INTO tally VALUES (new.state, 1) ON CONFLICT DO UPDATE SET many = many + 1;
    END;
    CREATE TRIGGER IF NOT EXISTS jobs_out AFTER DELETE ON jobs WHEN old.state IN ${KEPT} BEGIN
      UPDATE tally SET many = many - 1 WHERE state = old.state;
    END;
    CREATE TRIGGER IF NOT EXISTS jobs_on AFTER UPDATE OF state ON jobs WHEN new.state != old.state BEGIN
      UPDATE tally SET many = many - 1 WHERE state = old.state;
      INSERT INTO tally SELECT new.state, 1 WHERE new.state IN ${KEPT}
        ON CONFLICT DO UPDATE SET many = many + 1;
    END;
  `);
}

/** Return what changed last, for people who look into it. */
export function recent(sql) {
  const rows = sql.exec("SELECT id, state, due, ended_at FROM jobs WHERE due > 0 ORDER BY seq DESC LIMIT 10").toArray();
  const moment = (ms) => (ms === null ? null : new Date(ms).toISOString());
  return rows.map(({ id, state, due, ended_at }) => ({ id, state, scheduledFor: moment(due), endedAt: moment(ended_at) }));
}

/** Return how many there are in each state that has any. */
export function counted(sql) {
  const rows = [
    "SELECT state, many FROM tally WHERE many > 0",
    "SELECT state, count(*) AS many FROM jobs WHERE begun_at > 0 AND ended_at IS NULL GROUP BY state",
    "SELECT state, count(*) AS many FROM jobs WHERE state = 'PREPARED' AND due > 0 GROUP BY state",
  ].flatMap((each) => sql.exec(each).toArray());
  return Object.fromEntries(rows.map(({ state, many }) => [state, many]));
}
