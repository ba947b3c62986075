// Secrets at rest and signatures. Sealed is base64 of iv (12 bytes) and AES-256-GCM, bound to the account.

const bytes = new TextEncoder();

/** Open what the daemon has sealed for `account`; throws where the key or the account is another. */
export async function unseal(key, sealed, account) {
  const raw = fromBase64(sealed);
  const algorithm = {
    name: "AES-GCM",
    iv: raw.subarray(0, 12),
    additionalData: bytes.encode(account),
  };
  const opener = await crypto.subtle.importKey("raw", fromBase64(key), "AES-GCM", false, ["decrypt"]);
  return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, opener, raw.subarray(12)));
}

/** The signature of a text as hexadecimal HMAC-SHA-256. */
export async function sign(secret, text) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), algorithm, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, bytes.encode(text)));
}

/** Whether two texts are the same, in a time that tells nothing of either. */
export async function same(one, other) {
  const digest = (text) => crypto.subtle.digest("SHA-256", bytes.encode(text));
  const [first, second] = await Promise.all([digest(one), digest(other)]);
  return crypto.subtle.timingSafeEqual(first, second);
}

export function hex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
