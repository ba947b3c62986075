// What the composer's form says, as one object: the other modules draw it, change it or send it.
export const form = document.getElementById("compose");
export const limits = form ? JSON.parse(form.dataset.limits) : {};
export const state = form ? begin(JSON.parse(form.dataset.state)) : null;
export const $ = (id) => document.getElementById(id);
const drawers = [];
const hearers = [];

function begin(told) {
  const marks = [
    ...(told.userTags ?? []).map((tag) => ({ kind: "person", text: tag.username, x: tag.x, y: tag.y })),
    ...(told.storyMentions ?? []).map((one) => ({ kind: "mention", text: one.username, x: one.x, y: one.y })),
    ...(told.storyStickers ?? []).map(({ type, url, name, id, ...place }) => ({ kind: type, text: url ?? id ?? name, name, ...place })),
  ];
  return {
    id: told.id, version: told.version, status: told.status, accountId: told.accountId,
    mediaType: told.mediaType ?? "IMAGE", caption: told.caption ?? "", marks,
    media: told.media.map((file, at) => ({ ...file, alt: told.altTexts?.[at] ?? "" })),
    collaborators: (told.collaborators ?? []).join(", "), locationId: told.locationId ?? "",
    locationName: told.locationName ?? "", crossPost: told.crossPostToFacebook ?? false,
    scheduledFor: told.scheduledFor ?? null, open: 0,
  };
}

export const isDraft = () => state.status === "DRAFT";
export const isStory = () => state.mediaType === "STORIES";

/** Whether what the file shows can be said in words: Instagram takes that for photos in the feed. */
export const hasAlt = (file) => ["IMAGE", "CAROUSEL"].includes(state.mediaType) && !file.mimeType.startsWith("video/");

/** Have `draw` called whenever what is shown may be another. */
export function drawn(draw) {
  drawers.push(draw);
}

/** Have `hear` called whenever a person has changed something. */
export function heard(hear) {
  hearers.push(hear);
}

export function redraw() {
  for (const draw of drawers) draw();
}

/** A person changed something. */
export function change(fields = {}) {
  Object.assign(state, fields);
  redraw();
  for (const hear of hearers) hear();
}

/** Take over a post as the server tells it; its files keep what is known of them. */
export function take(told) {
  const known = new Map(state.media.map((file) => [file.id, file]));
  const media = told.mediaFiles.map((file) => known.get(file.id) ?? { fits: [], ...file });
  const lists = {};
  for (const name of ["userTags", "collaborators", "storyMentions", "storyStickers", "altTexts"]) lists[name] = told[name] ? JSON.parse(told[name]) : [];
  Object.assign(state, begin({ ...told, ...lists, accountId: told.instagramAccountId, media }), { open: state.open });
  redraw();
}

const people = (text) => text.split(/[\s,]+/).map((name) => name.replace(/^@/, "")).filter(Boolean);

/** What is sent: every field, so that what does not belong to this kind of post is cleared. */
export function content() {
  const kind = state.mediaType;
  const isFeed = kind !== "STORIES";
  const found = (kinds) => state.marks.filter((mark) => kinds.includes(mark.kind));
  const tags = found(["person"]).map(({ text, x, y }) => ({ username: text, x, y }));
  const mentions = found(["mention"]).map(({ text, x, y }) => ({ username: text, x, y }));
  const stickers = found(["link", "hashtag", "location"]).map(({ kind: type, text, name, ...place }) => ({
    type, ...place, ...(type === "link" ? { url: text } : type === "hashtag" ? { name: text } : { id: text, ...(name ? { name } : {}) }),
  }));
  const ids = state.media.map((file) => file.id);
  const alts = state.media.map((file) => (hasAlt(file) && file.alt) || null);
  return {
    caption: state.caption || null,
    userTags: ["IMAGE", "CAROUSEL"].includes(kind) && tags.length ? tags : null,
    altTexts: alts.some(Boolean) ? alts : null,
    collaborators: isFeed && people(state.collaborators).length ? people(state.collaborators) : null,
    locationId: (isFeed && state.locationId.trim()) || null,
    locationName: (isFeed && state.locationName.trim()) || null,
    crossPostToFacebook: state.crossPost && kind !== "CAROUSEL",
    storyMentions: !isFeed && mentions.length ? mentions : null,
    storyStickers: !isFeed && stickers.length ? stickers : null,
    ...(isDraft() ? { accountId: state.accountId, mediaType: kind, ...(kind === "CAROUSEL" ? { mediaFileIds: ids } : { mediaFileId: ids[0] ?? null }) } : {}),
  };
}

/** Ask the API; throws what it refused with, or an error without `status` where nobody answered. */
export async function ask(method, path, body, headers = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
  const answer = await fetch(`/api/v1${path}`, { method, ...sent });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(said.error ?? "That did not work."), { status: answer.status, code: said.code });
  return said;
}
