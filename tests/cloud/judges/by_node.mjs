// What a deploy asks, asked by Cloudflare's own SDK for JavaScript: by_node.mjs URL TOKEN ACCOUNT.
// Uploading is wrangler's: this SDK writes metadata as form fields, which no other client does.
import assert from "node:assert/strict";
import Cloudflare from "cloudflare";

const [url, token, account_id] = process.argv.slice(2);
const client = new Cloudflare({ baseURL: url, apiToken: token, maxRetries: 0 });
const all = async (pages) => {
  const found = [];
  for await (const each of pages) found.push(each);
  return found;
};

assert.equal((await client.user.tokens.verify()).status, "active");
assert.deepEqual((await all(client.accounts.list())).map((each) => each.id), [account_id]);
const { workers, kv, r2 } = client;
await workers.subdomains.update({ account_id, subdomain: "anna" });
assert.equal((await workers.subdomains.get({ account_id })).subdomain, "anna");
const space = await kv.namespaces.create({ account_id, title: "reprise-kv" });
assert.equal((await all(kv.namespaces.list({ account_id }))).length, 1);
await r2.buckets.create({ account_id, name: "reprise-media" });
assert.deepEqual(await all(workers.scripts.list({ account_id })), []);
await kv.namespaces.delete(space.id, { account_id });
