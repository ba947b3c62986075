// Which kind of post it is: what fits can be chosen, what does not says why.
import { $, change, drawn, form, isDraft, limits, state } from "./state.js";

const ORDER = ["IMAGE", "CAROUSEL", "REELS", "STORIES"];

function why(kind) {
  const files = state.media;
  if (kind === "CAROUSEL" && files.length === 1) return "needs two files or more";
  if (kind !== "CAROUSEL" && files.length > 1) return "takes one file";
  for (const file of files) {
    const reason = file.fits.find((one) => one.mediaType === kind)?.reason;
    if (reason) return files.length > 1 ? `${file.originalFilename}: ${reason}` : reason;
  }
  return "";
}

/** Choose a format that the files fit, where the chosen one does not. */
export function settle() {
  if (isDraft() && why(state.mediaType)) state.mediaType = ORDER.find((kind) => !why(kind)) ?? (state.media.length > 1 ? "CAROUSEL" : state.mediaType);
}

export function startFormat() {
  $("formats").addEventListener("change", (event) => change({ mediaType: event.target.value }));
  drawn(() => {
    for (const box of form.elements.format) {
      const reason = why(box.value);
      box.checked = box.value === state.mediaType;
      box.disabled = !isDraft() || (!!reason && !box.checked);
      form.querySelector(`[data-why=${box.value}]`).textContent = reason;
    }
    const isStory = state.mediaType === "STORIES";
    for (const part of form.querySelectorAll("[data-feed]")) part.hidden = isStory;
    $("caption-note").hidden = !isStory;
  });
}

const HASHTAG = /(?<![\w/&#\uff03])(?:[#\uff03][^\s#\uff03@.,;:!?'"()[\]{}<>/\\|*&^%$+=~\x60\u2026-]+)+/gu;

/** The words of the caption, counted as Instagram counts them. */
export function startWords() {
  const box = $("caption");
  box.addEventListener("input", () => change({ caption: box.value }));
  for (const [id, name] of [["collaborators", "collaborators"], ["location-name", "locationName"], ["location-id", "locationId"]]) {
    $(id).addEventListener("input", (event) => change({ [name]: event.target.value }));
    drawn(() => put($(id), state[name]));
  }
  $("cross-post")?.addEventListener("change", (event) => change({ crossPost: event.target.checked }));
  drawn(() => {
    put(box, state.caption);
    const tags = (state.caption.match(HASHTAG) ?? []).flatMap((row) => row.split(/[#\uff03]/).slice(1)).filter((tag) => !/^\d+$/.test(tag));
    const people = state.caption.match(/(?<![\w@./])@[\w][\w.]*/gu) ?? [];
    const counted = [[[...state.caption].length, limits.caption, "characters"], [tags.length, limits.hashtags, "hashtags"], [people.length, limits.mentions, "mentions"]];
    $("counted").textContent = counted.map(([count, most, what]) => `${count.toLocaleString("en")} of ${most.toLocaleString("en")} ${what}`).join(" · ");
    $("counted").classList.toggle("over", counted.some(([count, most]) => count > most));
    $("shown-caption").textContent = state.mediaType === "STORIES" ? "" : state.caption;
    if ($("cross-post")) $("cross-post").checked = state.crossPost;
  });
}

function put(field, text) {
  if (field.value !== text) field.value = text;
}
