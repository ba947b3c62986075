// Files that are in the library already, chosen into the post.
import { $, ask, state } from "./state.js";
import { put } from "./upload.js";

const PAGE = 24;
let offset = 0;

$("library-more").addEventListener("click", more);

export function pick() {
  offset = 0;
  $("library-files").replaceChildren();
  $("library").showModal();
  more();
}

async function more() {
  let told;
  try {
    told = await ask("GET", `/library?limit=${PAGE}&offset=${offset}`);
  } catch (error) {
    $("library-files").textContent = error.status ? error.message : "Reprise does not answer.";
    return;
  }
  if (!told.total) $("library-files").textContent = "Nothing has been uploaded yet.";
  offset += told.files.length;
  $("library-more").hidden = !told.hasMore;
  $("library-files").append(...told.files.map(choice));
}

function choice(file) {
  const made = document.createElement("button");
  const picture = document.createElement("img");
  made.type = "button";
  made.className = "choice";
  made.setAttribute("aria-pressed", String(state.media.some((one) => one.id === file.id)));
  made.setAttribute("aria-label", `${file.originalFilename}${file.usedBy ? ", used" : ""}`);
  picture.src = file.thumbnailPreviewUrl ?? "";
  picture.alt = "";
  picture.loading = "lazy";
  made.append(picture);
  made.addEventListener("click", async () => {
    try {
      await put(file.id);
      made.setAttribute("aria-pressed", "true");
    } catch (error) {
      made.title = error.message;
    }
  });
  return made;
}
