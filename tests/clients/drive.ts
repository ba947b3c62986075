// A user's program against the client that openapi-typescript and openapi-fetch make of the
// document: upload, draft, schedule, list. Compiled strictly, then run.
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Post = components["schemas"]["Post"];

const client = createClient<paths>({
  baseUrl: `${process.env.REPRISE_URL}/api/v1`,
  headers: { Authorization: `Bearer ${process.env.VOIDGRAM_API_KEY}` },
});

function given<T>(answer: { data?: T; error?: components["schemas"]["ErrorResponse"] }): T {
  if (answer.error !== undefined || answer.data === undefined) {
    throw new Error(JSON.stringify(answer.error));
  }
  return answer.data;
}

const me = given(await client.GET("/auth/me"));
const accountId = me.accounts[0]!.id;

const form = new FormData();
form.append("file", new Blob([await readFile(process.env.PHOTO!)]), "photo.jpg");
const media = given(
  await client.POST("/media/upload", {
    body: { file: "" },
    bodySerializer: () => form,
  }),
);

const draft: Post = given(
  await client.POST("/posts/draft", {
    body: { accountId, mediaType: "IMAGE", mediaFileId: media.id, caption: "A draft" },
  }),
);
const changed = given(
  await client.PUT("/posts/draft/{id}", {
    params: { path: { id: draft.id } },
    body: { caption: "A better draft" },
  }),
);
const scheduled = given(
  await client.POST("/schedule", {
    body: {
      accountId,
      mediaType: "STORIES",
      mediaFileId: media.id,
      storyMentions: [{ username: "anna" }],
      scheduledFor: "2099-01-01T12:00:00+02:00",
    },
  }),
);
const listed = given(
  await client.GET("/schedule", { params: { query: { limit: 5, status: "SCHEDULED" } } }),
);
const drafts = given(await client.GET("/posts", { params: { query: { status: "DRAFT" } } }));
const refused = await client.GET("/posts/{id}", {
  params: { path: { id: "00000000-0000-4000-8000-000000000000" } },
});

console.log(
  JSON.stringify({
    isValid: media.isValid,
    caption: changed.caption,
    files: draft.mediaFiles?.map((file) => file.id),
    mediaId: media.id,
    postId: scheduled.postId,
    scheduled: listed.posts.map((post) => [post.id, post.scheduledFor]),
    drafts: drafts.posts.map((post) => post.caption),
    refused: refused.error?.code,
  }),
);
