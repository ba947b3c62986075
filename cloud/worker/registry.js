// The one object that knows which lanes there are and when the cron came last.

import { DurableObject } from "cloudflare:workers";

export class Registry extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS lanes (account TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `);
  }

  async add(account) {
    this.sql.exec("INSERT OR IGNORE INTO lanes VALUES (?)", account);
  }

  async lanes() {
    return this.sql.exec("SELECT account FROM lanes ORDER BY account").toArray().map((row) => row.account);
  }

  /** Note that the cron came; each quarter of an hour the lanes have to be looked after. */
  async cronCame(at) {
    this.sql.exec("INSERT INTO facts VALUES ('cron', ?) ON CONFLICT DO UPDATE SET value = excluded.value", at);
    return { isQuarter: new Date(at).getUTCMinutes() % 15 === 0, accounts: await this.lanes() };
  }

  async lastCron() {
    return this.sql.exec("SELECT value FROM facts WHERE name = 'cron'").toArray()[0]?.value ?? null;
  }
}
