// Telling real messages of a webhook from others (Standard Webhooks 1.0), by Web Crypto.
import { WebhookInvalid } from "./errors.js";

const HMAC = { name: "HMAC", hash: "SHA-256" };

/** Returns what a message says, if it was signed with the secret lately; throws `WebhookInvalid`.
 * `body` is exactly what came, before anybody has parsed it. */
export async function verifyWebhook(
  secret: string,
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>,
  body: string | Uint8Array,
  { toleranceS = 300 }: { toleranceS?: number } = {},
): Promise<Record<string, unknown>> {
  const sent = headers instanceof Headers ? headers : lowered(headers);
  const id = sent.get("webhook-id");
  const stamp = sent.get("webhook-timestamp");
  const given = sent.get("webhook-signature");
  const raw = bytes(secret.replace(/^whsec_/, ""));
  if (!id || !stamp || !/^\d+$/.test(stamp) || !given || !raw?.length) {
    throw new WebhookInvalid("it is not signed");
  }
  if (Math.abs(Date.now() / 1000 - Number(stamp)) > toleranceS) {
    throw new WebhookInvalid("it is too old, or a clock is wrong");
  }
  const key = await crypto.subtle.importKey("raw", raw, HMAC, false, ["verify"]);
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const signed = new TextEncoder().encode(`${id}.${stamp}.${text}`);
  for (const each of given.split(" ")) {
    const [version, mac = ""] = each.split(",");
    const signature = version === "v1" ? bytes(mac) : undefined;
    if (signature && (await crypto.subtle.verify("HMAC", key, signature, signed))) {
      return JSON.parse(text) as Record<string, unknown>;
    }
  }
  throw new WebhookInvalid("its signature does not fit");
}

/** Returns what base64 stands for; undefined where it is none. */
function bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function lowered(headers: Readonly<Record<string, string | string[] | undefined>>): Map<string, string> {
  const found = Object.entries(headers).filter(([, value]) => value !== undefined);
  return new Map(found.map(([name, value]) => [name.toLowerCase(), String(value)]));
}
