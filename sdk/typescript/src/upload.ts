// Files: sent as forms, with their progress where somebody wants to hear of it.
//
// `fetch` tells nothing of what it has sent. Browsers have XMLHttpRequest for that; elsewhere the
// body is a stream, which tells of what was taken from it.
import type { Options } from "./core.js";

/** A file to be sent. In Node, `await openAsBlob(path)` makes its `data`; a `File` is one already. */
export type Upload = File | { data: Blob; name: string };

export interface UploadOptions extends Options {
  /** Hears of how many bytes of the file were sent; again from the start where it is sent again. */
  onProgress?: Progress | undefined;
}

type Progress = (done: number, size: number) => void;

/** An answer as far as the client looks at it. */
export interface Answered {
  status: number;
  retryAfter: string | null;
  text: string;
}

export interface Sent {
  method: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  body?: string;
}

/** Sends one request without a file. */
export async function send(address: string, sent: Sent): Promise<Answered> {
  return read(await fetch(address, { ...sent, redirect: "manual" }));
}

/** Sends one request with a file. */
export async function sendFile(
  address: string,
  sent: Sent,
  file: Upload,
  onProgress: Progress | undefined,
): Promise<Answered> {
  const { data, name } = "data" in file ? file : { data: file as Blob, name: file.name };
  const form = new FormData();
  form.append("file", data, name);
  if (onProgress === undefined) {
    return read(await fetch(address, { ...sent, body: form, redirect: "manual" }));
  }
  if (typeof XMLHttpRequest === "function") return watched(address, sent, form, data.size, onProgress);
  return read(await streamed(address, sent, data, name, onProgress));
}

async function read(answer: Response): Promise<Answered> {
  const retryAfter = answer.headers.get("Retry-After");
  return { status: answer.status, retryAfter, text: await answer.text() };
}

function streamed(
  address: string,
  sent: Sent,
  data: Blob,
  name: string,
  onProgress: Progress,
): Promise<Response> {
  const boundary = `reprise-${Math.random().toString(36).slice(2)}${Date.now()}`;
  const quoted = name.replace(/["\r\n]/g, (letter) => encodeURIComponent(letter));
  const head = new Blob([
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${quoted}"\r\n`,
    `Content-Type: ${data.type || "application/octet-stream"}\r\n\r\n`,
  ]);
  const whole = new Blob([head, data, `\r\n--${boundary}--\r\n`]);
  let done = -head.size;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      done += chunk.byteLength;
      onProgress(Math.min(Math.max(done, 0), data.size), data.size);
      controller.enqueue(chunk);
    },
  });
  const request = {
    ...sent,
    headers: {
      ...sent.headers,
      "Content-Type": `multipart/form-data; boundary=${boundary}`,
      "Content-Length": String(whole.size),
    },
    body: whole.stream().pipeThrough(counted),
    duplex: "half", // a body that is a stream is refused without it
    redirect: "manual" as const,
  };
  return fetch(address, request);
}

function watched(
  address: string,
  sent: Sent,
  form: FormData,
  size: number,
  onProgress: Progress,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const end = (): void => request.abort();
    request.upload.onprogress = ({ loaded, total }) => {
      onProgress(Math.min(Math.max(loaded - (total - size), 0), size), size);
    };
    request.onload = () => {
      const retryAfter = request.getResponseHeader("Retry-After");
      resolve({ status: request.status, retryAfter, text: request.responseText });
    };
    request.onerror = () => reject(new TypeError("the connection broke off"));
    request.onabort = () => reject(sent.signal.reason as Error);
    request.onloadend = () => sent.signal.removeEventListener("abort", end);
    request.open(sent.method, address);
    for (const [name, value] of Object.entries(sent.headers)) request.setRequestHeader(name, value);
    sent.signal.throwIfAborted();
    sent.signal.addEventListener("abort", end);
    request.send(form);
  });
}
