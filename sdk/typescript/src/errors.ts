// How a request can fail.
import type { Post } from "./methods.js";

/** Anything that this client throws by itself. */
export class Failed extends Error {
  override readonly name: string = "Failed";
}

/** Nobody answers at the address: start Reprise. Trying again at once does not help. */
export class NotRunning extends Failed {
  override readonly name = "NotRunning";
}

/** The answer never came. What was to be changed may have been: look before you ask again. */
export class AnswerLost extends Failed {
  override readonly name = "AnswerLost";
}

/** A post was neither published nor failed in time: wait on, do not publish it again. */
export class StillWaiting extends Failed {
  override readonly name = "StillWaiting";
}

/** The request was refused; match on `code`, such as `INVALID_SCHEDULE`. */
export class RepriseError extends Failed {
  override readonly name: string = "RepriseError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds after which the server would answer again, where it says so. */
    readonly retryAfter?: number,
  ) {
    super(`${code}: ${message}`);
  }
}

/** The key has used up its minute or its hour, also after waiting as long as was asked. */
export class RateLimited extends RepriseError {
  override readonly name = "RateLimited";
}

/** The key is wrong, or may not do this. */
export class NotAllowed extends RepriseError {
  override readonly name = "NotAllowed";
}

/** There is no such thing, or it is somebody else's. */
export class NotFound extends RepriseError {
  override readonly name = "NotFound";
}

/** A post has failed; `post.errorCode` says how. */
export class PublishFailed extends Failed {
  override readonly name = "PublishFailed";

  constructor(readonly post: Post) {
    super(`${post.errorCode}: ${post.errorMessage}`);
  }
}

/** A message is not signed with the secret, or is too old. */
export class WebhookInvalid extends Failed {
  override readonly name = "WebhookInvalid";
}

const KINDS: Readonly<Record<number, typeof RepriseError>> = {
  401: NotAllowed,
  403: NotAllowed,
  404: NotFound,
  429: RateLimited,
};

/** The code of an answer that is none of the API's. */
export const NOT_OURS = "UNKNOWN";

/** Returns the error for an answer. */
export function refusal(status: number, text: string): RepriseError {
  const kind = KINDS[status] ?? RepriseError;
  try {
    const said = JSON.parse(text) as { code: unknown; error: unknown; retryAfter?: unknown };
    const after = typeof said.retryAfter === "number" ? said.retryAfter : undefined;
    if (typeof said.code === "string") return new kind(status, said.code, String(said.error), after);
  } catch {
    // Not of the API: told as what it is.
  }
  return new kind(status, NOT_OURS, text.slice(0, 200));
}
