// The TypeScript client of Reprise, and of servers with VoidGram's v3.3 REST API.
import { newKey, sleep } from "./core.js";
import { AnswerLost, NotRunning, PublishFailed, RepriseError, StillWaiting } from "./errors.js";
import { Methods, type Event, type ListEventsQuery, type Post, type Scheduled } from "./methods.js";
import type { Upload } from "./upload.js";

export type { Options, Settings } from "./core.js";
export {
  AnswerLost,
  Failed,
  NotAllowed,
  NotFound,
  NotRunning,
  PublishFailed,
  RateLimited,
  RepriseError,
  StillWaiting,
  WebhookInvalid,
} from "./errors.js";
export * from "./methods.js";
export type { Upload, UploadOptions } from "./upload.js";
export { verifyWebhook } from "./webhooks.js";

const LOOK_MS = [300, 500, 1000, 2000, 3000] as const;
const LISTEN_S = 50;
const AGAIN_MS = 2000;

export interface Waiting {
  timeoutMs?: number | undefined;
  /** Hears of each status that is met on the way. */
  onChange?: ((post: Post) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Every {
  /** One account, or several in turn. */
  accountId: string | readonly string[];
  start: Date;
  everyMinutes: number;
  captions?: readonly string[] | undefined;
  mediaType?: string | undefined;
  timezone?: string | undefined;
  /** With one of your own it may be begun again after a crash: nothing is scheduled twice. */
  key?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface Listening {
  /** The last event that is known; without it, what happens from now on is told. */
  since?: number | undefined;
  types?: string | undefined;
  accountId?: string | undefined;
  /** How long a connection that broke, or a daemon that is started again, is waited for. */
  patienceMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** The API. Each endpoint is a method; what takes more than one request is beside them. */
export class Reprise extends Methods {
  /** Returns a post once it is published; throws `PublishFailed` and `StillWaiting`. */
  async waitUntilPublished(postId: string, given: Waiting = {}): Promise<Post> {
    const options = { signal: given.signal };
    const end = Date.now() + (given.timeoutMs ?? 180_000);
    let seen = "";
    for (let look = 0; ; look += 1) {
      const post = await this.getPost(postId, options);
      if (post.status !== seen) given.onChange?.(post);
      seen = post.status;
      if (seen === "PUBLISHED") return post;
      if (seen === "FAILED") throw new PublishFailed(post);
      const pause = LOOK_MS[look] ?? 3000;
      if (Date.now() + pause > end) {
        throw new StillWaiting(`post ${postId} is still ${seen}; do not publish it again`);
      }
      await sleep(pause, given.signal);
    }
  }

  /** Uploads files and schedules one post of each, the first at `start`, to accounts in turn. */
  async scheduleEvery(files: readonly Upload[], given: Every): Promise<Scheduled[]> {
    const accounts = typeof given.accountId === "string" ? [given.accountId] : given.accountId;
    const key = given.key ?? newKey();
    const { signal } = given;
    const done: Scheduled[] = [];
    for (const [number, file] of files.entries()) {
      const accountId = accounts[number % accounts.length];
      if (accountId === undefined) throw new TypeError("name an account");
      const turn = Math.floor(number / accounts.length);
      const scheduledFor = new Date(given.start.getTime() + turn * given.everyMinutes * 60_000);
      const media = await this.uploadMedia(file, { signal, idempotencyKey: `${key}-file-${number}` });
      const post = {
        accountId,
        mediaType: given.mediaType ?? "IMAGE",
        mediaFileId: media.id,
        caption: given.captions?.[number],
        scheduledFor,
        timezone: given.timezone ?? "UTC",
      };
      const options = { signal, idempotencyKey: `${key}-post-${number}` };
      done.push(await this.createSchedule(post, options));
    }
    return done;
  }

  /** Yields what happens, for ever, behind the event `since`, or from now on. An event of the type
   * `reset` says that some are lost: read anew what you show. */
  async *events(given: Listening = {}): AsyncGenerator<Event, void, undefined> {
    const options = { signal: given.signal };
    const asked: ListEventsQuery = { types: given.types, accountId: given.accountId };
    let at = given.since;
    let lost: number | undefined;
    for (;;) {
      let page;
      try {
        const wait = at === undefined ? 0 : LISTEN_S;
        page = await this.listEvents({ ...asked, since: at, wait }, options);
      } catch (error) {
        if (!comesBack(error)) throw error;
        lost ??= Date.now();
        if (Date.now() - lost > (given.patienceMs ?? 300_000)) throw error;
        await sleep(AGAIN_MS, given.signal);
        continue;
      }
      lost = undefined;
      if (page.reset) yield reset(page.next);
      yield* page.events;
      at = page.next;
    }
  }
}

function comesBack(error: unknown): boolean {
  if (error instanceof RepriseError) return error.status === 503;
  return error instanceof NotRunning || error instanceof AnswerLost;
}

function reset(id: number): Event {
  const none = { accountId: null, subject: "", subjectId: "", state: "", reason: null, via: null };
  return { ...none, id, type: "reset", at: new Date().toISOString() };
}
