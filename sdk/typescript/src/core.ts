// One request: its key, its patience, and what its answer means. On `fetch` alone.
//
// What changes something is sent with an idempotency key, so that it may be sent again when the
// answer was lost. Servers that do not know such keys would do it twice: they are asked first.
import { AnswerLost, NOT_OURS, NotRunning, refusal } from "./errors.js";
import { send, sendFile, type Answered, type Sent, type Upload, type UploadOptions } from "./upload.js";

/** Where the API is, and with which key it is asked; what is left out comes from the environment. */
export interface Settings {
  apiKey?: string | undefined;
  baseUrl?: string | undefined;
  /** How long one request may take; files have a quarter of an hour. */
  timeoutMs?: number | undefined;
}

export interface Options {
  /** The same key is the same request: it is done once, however often it is sent. */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

interface Asked extends UploadOptions {
  query?: object;
  body?: object;
  file?: Upload;
}

const TRIES = 3;
const TIMEOUT_MS = 70_000;
const FILE_TIMEOUT_MS = 900_000;
const LOST_WAIT_MS = 500;
const LONGEST_WAIT_S = 3700;
const LATER: readonly number[] = [409, 429, 503];

export const part = (value: string): string => encodeURIComponent(value);

/** Returns after that time, or throws when the signal comes first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

export class Core {
  /** The address of the API. */
  readonly url: string;
  readonly #key: string;
  readonly #timeoutMs: number;
  #knowsKeys = false;

  constructor(settings: Settings = {}) {
    const key = settings.apiKey ?? said("REPRISE_API_KEY") ?? said("VOIDGRAM_API_KEY");
    if (!key) throw new TypeError("name a key: apiKey, REPRISE_API_KEY or VOIDGRAM_API_KEY");
    const url = settings.baseUrl ?? said("REPRISE_URL") ?? said("VOIDGRAM_BASE_URL");
    const whole = (url ?? "http://127.0.0.1:3001").replace(/\/+$/, "");
    this.url = new URL(whole.includes("/api/") ? whole : `${whole}/api/v1`).href;
    this.#key = key;
    this.#timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
  }

  protected async call<T>(method: string, path: string, asked: Asked): Promise<T> {
    const writes = method !== "GET";
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#key}` };
    if (writes) headers["Idempotency-Key"] = asked.idempotencyKey ?? newKey();
    if (asked.body) headers["Content-Type"] = "application/json";
    const body = asked.body ? { body: JSON.stringify(asked.body) } : {};
    const address = this.url + path + search(asked.query);
    for (let left = TRIES - 1; ; left -= 1) {
      let answer: Answered | undefined;
      let cause: unknown;
      try {
        answer = await this.#once(address, { method, headers, ...body }, asked);
      } catch (error) {
        asked.signal?.throwIfAborted();
        if (nobodyListens(error)) throw new NotRunning(`${this.url} does not answer`, { cause: error });
        cause = error;
      }
      if (answer === undefined || lostByAProxy(answer)) {
        if (left === 0 || (writes && !(await this.#mayRepeat()))) {
          throw new AnswerLost(`${method} ${path}: ${answer?.status ?? String(cause)}`, { cause });
        }
        await sleep(LOST_WAIT_MS, asked.signal);
        continue;
      }
      const waitS = left > 0 ? waitAfter(answer) : undefined;
      if (waitS === undefined) return read<T>(answer, `${method} ${path}`);
      await sleep(waitS * 1000, asked.signal);
    }
  }

  #once(address: string, sent: Omit<Sent, "signal">, asked: Asked): Promise<Answered> {
    const over = AbortSignal.timeout(asked.file ? FILE_TIMEOUT_MS : this.#timeoutMs);
    const signal = asked.signal ? AbortSignal.any([over, asked.signal]) : over;
    if (asked.file) return sendFile(address, { ...sent, signal }, asked.file, asked.onProgress);
    return send(address, { ...sent, signal });
  }

  /** Whether the server knows idempotency keys: Reprise alone has this list, and it has them. */
  async #mayRepeat(): Promise<boolean> {
    if (!this.#knowsKeys) {
      const headers = { Authorization: `Bearer ${this.#key}` };
      try {
        const answer = await this.#once(`${this.url}/events?wait=0`, { method: "GET", headers }, {});
        // Others may answer anything here: a page, or that the key has used up its minute.
        const told = JSON.parse(answer.text) as { reset?: unknown; code?: unknown } | null;
        this.#knowsKeys = typeof told?.reset === "boolean" || told?.code === "INSUFFICIENT_SCOPE";
      } catch {
        return false;
      }
    }
    return this.#knowsKeys;
  }
}

function said(name: string): string | undefined {
  const program = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
  return program?.env?.[name] || undefined;
}

/** Returns a new key; `crypto.randomUUID` is not there on pages without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function search(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const text = given.map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : String(value),
  ]);
  return text.length > 0 ? `?${new URLSearchParams(text).toString()}` : "";
}

/** Whether nobody listens there. Browsers do not say so: there it is an answer that was lost. */
function nobodyListens(error: unknown): boolean {
  interface Coded {
    code?: string;
    errors?: readonly Coded[];
  }
  const cause = (error as { cause?: Coded } | undefined)?.cause;
  const codes = [cause, ...(cause?.errors ?? [])].map((each) => each?.code);
  return codes.some((code) => code === "ECONNREFUSED" || code === "ENOTFOUND");
}

/** Whether a proxy says that it lost the answer, or that nobody is behind it. */
function lostByAProxy({ status, text }: Answered): boolean {
  return (status === 502 || status === 504) && refusal(status, text).code === NOT_OURS;
}

function waitAfter({ status, retryAfter }: Answered): number | undefined {
  if (!LATER.includes(status) || retryAfter === null || !/^\d+$/.test(retryAfter)) return undefined;
  return Number(retryAfter) > LONGEST_WAIT_S ? undefined : Number(retryAfter);
}

function read<T>({ status, text }: Answered, asked: string): T {
  if (status < 200 || status > 299) throw refusal(status, text);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new AnswerLost(`${asked}: the answer is none of the API's`, { cause });
  }
}
