// The one object that knows which lanes there are and when the cron came last.

import { DurableObject } from "cloudflare:workers";

const QUARTER_MS = 900_000;

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

  /**
   * Note that the cron came. Each quarter of an hour the lanes have to be looked after: a cron that
   * comes late, twice, or leaves minutes out may not miss that.
   */
  async cronCame(at) {
    const quarter = String(Math.floor(Date.parse(at) / QUARTER_MS));
    const isToCheck = quarter !== this.#fact("quarter");
    if (isToCheck) this.#keep("quarter", quarter);
    if (at > (this.#fact("cron") ?? "")) this.#keep("cron", at);
    return { isToCheck, accounts: await this.lanes() };
  }

  async lastCron() {
    return this.#fact("cron");
  }

  #fact(name) {
    return this.sql.exec("SELECT value FROM facts WHERE name = ?", name).toArray()[0]?.value ?? null;
  }

  #keep(name, value) {
    this.sql.exec("INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value);
  }
}
