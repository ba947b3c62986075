// What becomes of each call beside a server with moods; tests/sdk/test_typescript.py reads the answer.
import { Reprise, verifyWebhook, type PublishablePost, type WholePost } from "reprise-client";

const apiKey = process.env["KEY"];
const reprise = new Reprise({ apiKey, baseUrl: process.env["URL"] });
const stranger = new Reprise({ apiKey, baseUrl: process.env["STRANGER"] });

async function told(what: () => unknown): Promise<string> {
  try {
    await what();
    return "done";
  } catch (error) {
    return (error as Error).name;
  }
}

// The connection is lost under the first look; the last event that is known is where it goes on.
const heard: number[] = [];
for await (const event of reprise.events({ since: 0, types: "post.*" })) {
  heard.push(event.id);
  if (heard.length === 3) break;
}
let next = 0;
for await (const event of reprise.events({ since: heard[1], types: "post.*" })) {
  next = event.id;
  break;
}

let media = "";
const content = (): PublishablePost => {
  return { accountId: process.env["ACCOUNT"]!, mediaType: "IMAGE", mediaFileId: media };
};
const { openAsBlob } = await import("node:fs");
const file = { data: await openAsBlob("sunset.jpg"), name: 'sun"set.jpg' };
const uploaded = await told(async () => {
  media = (await reprise.uploadMedia(file, { onProgress: () => undefined })).id;
});
const published = await told(() => reprise.publishPost(content()));
const limited = await told(() => reprise.getMe());

const strange: string[] = [];
for (let number = 0; number < 4; number += 1) {
  strange.push(await told(() => stranger.publishPost(content())));
}

const hook = JSON.parse(process.env["HOOK"]!) as {
  secret: string;
  headers: Record<string, string>;
  body: string;
};
const old = { ...hook.headers, "webhook-timestamp": "1" };

// A state of a later release is one more text, and what failed says how.
class Later extends Reprise {
  constructor(private readonly status: string) {
    super({ apiKey, baseUrl: process.env["URL"] });
  }

  override async getPost(id: string): Promise<WholePost> {
    return { id, status: this.status, errorCode: "MEDIA_INVALID", errorMessage: "no" } as WholePost;
  }
}

const ids: string[] = [];
for await (const post of reprise.iteratePosts({ limit: 2 })) ids.push(post.id);
const files: string[] = [];
for await (const each of reprise.iterateMedia({ limit: 2 })) files.push(each.id);
const whole = (await reprise.listPosts({ limit: 100 })).total;
const giveUp = AbortSignal.abort();

console.log(
  JSON.stringify({
    uploaded,
    published,
    strange,
    limited,
    missing: await told(() => reprise.getPost("00000000-0000-4000-8000-000000000000")),
    forbidden: await told(() => new Reprise({ apiKey: "vg_live_x", baseUrl: reprise.url }).getMe()),
    nobody: await told(() => new Reprise({ apiKey, baseUrl: process.env["NOBODY"] }).getMe()),
    nameless: await told(() => new Reprise({ apiKey: "" })),
    nowhere: await told(() => new Reprise({ apiKey, baseUrl: "no address" })),
    "given up": await told(() => reprise.getMe({ signal: giveUp })),
    failed: await told(() => new Later("FAILED").waitUntilPublished("x")),
    "new state": (await new Later("A_NEW_STATE").getPost("x")).status,
    real: await told(() => verifyWebhook(hook.secret, hook.headers, hook.body)),
    forged: await told(() => verifyWebhook(hook.secret, new Headers(hook.headers), `${hook.body} `)),
    old: await told(() => verifyWebhook(hook.secret, old, hook.body)),
    events: [heard.join() === [...heard].sort((a, b) => a - b).join(), next === heard[2]],
    pages: [new Set(ids).size === whole, new Set(files).size === files.length && files.length > 2],
  }),
);
