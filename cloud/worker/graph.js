// The official API, as far as one post needs it. Every call ends in data, Refused or Lost.

/** Meta said no. `code` and `subcode` are Meta's numbers; what they mean the daemon says. */
export class Refused extends Error {
  constructor({ code, error_subcode: subcode, is_transient: transient, message }, status) {
    super(String(message ?? `HTTP ${status}`).slice(0, 300));
    // Some of Meta's gateways write numbers as text, and a subcode into the message alone.
    const said = numberOf(subcode) || subcodeIn(message);
    Object.assign(this, { code: numberOf(code), subcode: said, transient: transient === true });
  }
}

/** The subcode that a text names, null where it names none. */
export function subcodeIn(text) {
  return numberOf(SUBCODE.exec(String(text))?.[0]);
}

function numberOf(value) {
  return /^-?\d{1,9}$/.test(String(value)) ? Number(value) : null;
}

/** Nobody knows what became of it. */
export class Lost extends Error {}

const LIMIT_MS = 60_000;
// Server trouble: the request may have had its effect all the same.
const TROUBLE = new Set([1, 2]);
const SUBCODE = /(?<!\d)2207\d{3}(?!\d)/;

export class Graph {
  constructor({ base, version, account, token }) {
    Object.assign(this, { base, version, account, token });
  }

  create(parameters) {
    return this.#call("POST", `${this.account}/media`, parameters);
  }

  state(container) {
    return this.#call("GET", container, { fields: "status_code,status" });
  }

  publish(container) {
    return this.#call("POST", `${this.account}/media_publish`, { creation_id: container });
  }

  /** The newest posts, or what is in the story now. */
  async recent(stories) {
    const fields = "id,permalink,timestamp,caption";
    const edge = stories ? "stories" : "media";
    const { data } = await this.#call("GET", `${this.account}/${edge}`, { fields, limit: "25" });
    if (!Array.isArray(data)) throw new Lost("no list of media");
    return data;
  }

  async permalink(media) {
    return (await this.#call("GET", media, { fields: "permalink" })).permalink ?? null;
  }

  /** How many posts of the last 24 hours are used up, and of how many. */
  async quota() {
    const fields = "quota_usage,config";
    const { data } = await this.#call("GET", `${this.account}/content_publishing_limit`, { fields });
    const used = Number(data?.[0]?.quota_usage);
    const total = Number(data?.[0]?.config?.quota_total);
    if (!Number.isFinite(used) || !Number.isFinite(total)) throw new Lost("no publishing limit told");
    return { used, total };
  }

  async #call(method, path, parameters) {
    const url = new URL(`${this.base}/${this.version}/${path}`);
    const request = {
      method,
      headers: { authorization: `Bearer ${this.token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(LIMIT_MS),
    };
    if (method === "GET") url.search = new URLSearchParams(parameters);
    else request.body = new URLSearchParams(parameters);
    const { answer, data } = await said(url, request);
    if (data?.error) {
      const error = typeof data.error === "object" ? data.error : { message: data.error };
      if (answer.status >= 500 || TROUBLE.has(numberOf(error.code))) throw new Lost(String(error.message));
      throw new Refused(error, answer.status);
    }
    if (!answer.ok || data === null || typeof data !== "object") throw new Lost(`HTTP ${answer.status}`);
    return data;
  }
}

async function said(url, request) {
  try {
    const answer = await fetch(url, request);
    return { answer, data: await answer.json() };
  } catch (error) {
    throw new Lost(`no answer: ${error.message}`);
  }
}
