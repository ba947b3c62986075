// The official TypeScript client: `drive.mjs http|stdio legacy|auto ADDRESS|COMMAND…`.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [way, mode, ...rest] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.KEY}` };
const transport =
  way === "http"
    ? new StreamableHTTPClientTransport(new URL(rest[0]), { requestInit: { headers } })
    : new StdioClientTransport({ command: rest[0], args: rest.slice(1), env: process.env });
const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
await client.connect(transport);
const { tools } = await client.listTools();
const overview = await client.callTool({ name: "get_overview", arguments: {} });
const wrong = await client.callTool({ name: "get_post", arguments: { post_id: "nonsense" } });
const safety = await client.readResource({ uri: "reprise://docs/account-safety" });
const { prompts } = await client.listPrompts();
const request = { request_id: process.env.REQUEST, content: { media: [process.env.MEDIA] } };
const sent = await client.callTool({ name: "publish_now", arguments: request });
console.log(
  JSON.stringify({
    tools: tools.length,
    account: overview.structuredContent.accounts[0].username,
    wrong: [wrong.isError, wrong.structuredContent.code],
    safety: safety.contents[0].text.includes("banned"),
    prompts: prompts.length,
    sent: sent.structuredContent.status,
    id: sent.structuredContent.id,
  }),
);
await client.close();
