// A post that was changed elsewhere while it was changed here: both are shown, a person chooses.
import { forget, keepAsNew, keepMine, noted, say } from "./keeping.js";
import { $, ask, content, state, take } from "./state.js";

const NAMES = { mediaType: "Format", caption: "Caption", files: "Files", people: "People", collaborators: "Collaborators", place: "Place", alt: "Alt texts", stickers: "Stickers", time: "Goes out" };
const GONE = {};
let theirs = null;

/** Show both versions of the post beside each other; `sent` is what was asked for last here. */
export async function compared(error, sent) {
  const told = await ask("GET", `/posts/${state.id}`).catch((why) => (why.status === 404 ? GONE : null));
  // What was refused may be about a file or a place: the post itself is as it was.
  if (!told || (error.code === "NOT_FOUND" && told !== GONE)) return noted(error), say(`Not saved: ${error.message}`);
  theirs = told;
  if (told === GONE) {
    $("why").textContent = "This post is not there any more: it was deleted, or the data came from a backup. What you typed here is kept until you choose.";
    fill($("mine"), lines(mySide()), {});
    $("theirs").textContent = "Nothing.";
    say("Not saved: the post is not there any more.");
    return open();
  }
  if (told.status !== state.status) {
    say(`Not saved: it is ${told.status.toLowerCase()} now, which was done elsewhere. What you typed is kept in this browser.`);
    $("told").hidden = false;
    $("told").textContent = `Yours, to copy: ${state.caption}`;
    return;
  }
  // It was saved, and the answer was lost: what is there is from here.
  if (sent && isSame(told, sent)) return keepMine(told.version);
  const [mine, saved] = [lines(mySide()), lines(theirSide(told))];
  fill($("mine"), mine, saved);
  fill($("theirs"), saved, mine);
  $("why").textContent = `${error.message}. Nothing of either is lost until you choose.`;
  say("Not saved: it was changed elsewhere. Choose which one stands.");
  open();
}

function open() {
  if (!$("stale").open) $("stale").showModal();
}

function isSame(told, sent) {
  const ids = sent.mediaFileIds ?? (sent.mediaFileId ? [sent.mediaFileId] : []);
  const [there, here] = [lines(theirSide(told)), lines({ ...sent, names: [], scheduledFor: told.scheduledFor })];
  if (sent.mediaType && told.mediaFiles.map((file) => file.id).join() !== ids.join()) return false;
  return Object.keys(there).every((name) => name === "files" || (name === "mediaType" && !here[name]) || there[name] === here[name]);
}

function mySide() {
  const said = content();
  return { ...said, mediaType: state.mediaType, names: state.media.map((file) => file.originalFilename), scheduledFor: state.scheduledFor };
}

function theirSide(told) {
  const lists = {};
  for (const name of ["userTags", "collaborators", "storyMentions", "storyStickers", "altTexts"]) lists[name] = told[name] ? JSON.parse(told[name]) : null;
  return { ...told, ...lists, names: told.mediaFiles.map((file) => file.originalFilename) };
}

function lines(said) {
  const names = (list) => (list ?? []).map((one) => one.username ?? one.url ?? one.name ?? one.id ?? one).join(", ");
  return {
    mediaType: said.mediaType, caption: said.caption ?? "", files: said.names.join(", "),
    people: names([...(said.userTags ?? []), ...(said.storyMentions ?? [])]), collaborators: names(said.collaborators),
    place: said.locationName ?? said.locationId ?? "", alt: (said.altTexts ?? []).filter(Boolean).join(" / "), stickers: names(said.storyStickers), time: said.scheduledFor ?? "",
  };
}

function fill(list, ours, others) {
  list.replaceChildren();
  for (const [name, text] of Object.entries(ours)) {
    if (text === others[name] && name !== "caption") continue;
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = NAMES[name];
    said.textContent = text || "nothing";
    said.classList.toggle("differs", text !== others[name]);
    list.append(term, said);
  }
}

$("keep-mine").addEventListener("click", () => {
  $("stale").close();
  if (theirs === GONE) keepAsNew();
  else keepMine(theirs.version);
});
$("take-theirs").addEventListener("click", () => {
  $("stale").close();
  forget();
  if (theirs === GONE) return location.assign("/compose");
  take(theirs);
  say("This is how it was saved elsewhere.");
});
