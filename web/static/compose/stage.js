// The picture as it goes out, drawn by what prepares it for sending, with what is put on it.
import { $, ask, change, drawn, isDraft, isStory, limits, state } from "./state.js";

const known = new Map();
let shown = "";
let pressed = null; // where a person pressed the picture, in shares of it

export const point = () => pressed ?? { x: 0.5, y: 0.5 };

export function setPoint(at) {
  pressed = at;
  drawMarks();
}

export function startStage() {
  const stage = $("stage");
  stage.addEventListener("click", (event) => {
    const picture = stage.querySelector("img");
    if (!picture || event.target.closest(".tag")) return;
    setPoint(where(event));
    if (takesMarks()) $("mark-text").focus({ preventScroll: true });
  });
  $("mark-add").addEventListener("click", addMark);
  $("mark-text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (!event.ctrlKey) addMark();
  });
  drawn(drawPicture);
  drawn(drawMarks);
}

const takesMarks = () => isStory() || ["IMAGE", "CAROUSEL"].includes(state.mediaType);
const kindsHere = () => (isStory() ? ["mention", "link", "hashtag", "location"] : ["person"]);
const onThis = (mark) => kindsHere().includes(mark.kind) && takesMarks();

function where(event) {
  const box = $("stage").querySelector("img").getBoundingClientRect();
  const share = (at, from, size) => Math.round(Math.min(1, Math.max(0, (at - from) / size)) * 1000) / 1000;
  return { x: share(event.clientX, box.left, box.width), y: share(event.clientY, box.top, box.height) };
}

async function drawPicture() {
  const file = state.media[state.open];
  const stage = $("stage");
  const wanted = file ? `${file.id} ${state.mediaType}` : "";
  if (wanted === shown) return;
  shown = wanted;
  stage.classList.toggle("story", isStory());
  if (!file) {
    stage.querySelector("img")?.remove();
    $("change").textContent = "";
    if (!stage.querySelector(".empty")) {
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = "Add a picture to see how it goes out.";
      stage.prepend(empty);
    }
    return;
  }
  let told;
  try {
    told = known.get(wanted) ?? (await ask("POST", `/media/${file.id}/preview`, { mediaType: state.mediaType }));
    known.set(wanted, told);
  } catch (error) {
    told = { image: file.thumbnailUrl, change: error.status ? `It cannot go out like this: ${error.message}` : "Reprise does not answer; this is the file itself." };
    if (!error.status) shown = ""; // asked again with the next change
  }
  if (shown && shown !== wanted) return;
  const picture = stage.querySelector("img") ?? document.createElement("img");
  picture.src = told.image;
  picture.alt = `${file.originalFilename} as it goes out`;
  stage.querySelector(".empty")?.remove();
  stage.prepend(picture);
  $("change").textContent = told.change;
}

function addMark() {
  const field = $("mark-text");
  const kind = isStory() ? $("mark-kind").value : "person";
  const text = field.value.trim().replace(kind === "hashtag" ? /^#/ : /^@/, "");
  if (!text) return field.focus();
  const most = { person: limits.people, mention: limits.storyMentions }[kind] ?? limits[kind];
  if (state.marks.filter((mark) => mark.kind === kind).length >= most) {
    $("change").textContent = `There can be ${most} of these at most.`;
    return;
  }
  state.marks.push({ kind, text, ...point() });
  pressed = null;
  field.value = "";
  change();
}

function drawMarks() {
  const stage = $("stage");
  const has = document.activeElement?.closest(".tag")?.dataset.at;
  for (const old of stage.querySelectorAll(".tag, .point, .zone")) old.remove();
  const can = takesMarks() && state.media.length > 0;
  document.querySelector(".marker").hidden = !takesMarks();
  $("mark-kinds").hidden = !isStory();
  $("mark-name").textContent = isStory() ? "On the story" : "Person on the picture";
  const isFirst = state.open === 0;
  $("marks").replaceChildren(...state.marks.map((mark, at) => (onThis(mark) ? line(mark, at) : "")));
  if (!can) return;
  if (isStory()) for (const side of ["top", "bottom"]) stage.append(part(`zone ${side}`));
  if (isFirst) state.marks.forEach((mark, at) => onThis(mark) && stage.append(bubble(mark, at)));
  if (pressed) stage.append(put(part("point"), pressed));
  if (has) stage.querySelector(`.tag[data-at="${has}"]`)?.focus();
}

function part(name) {
  const made = document.createElement("span");
  made.className = name;
  made.setAttribute("aria-hidden", "true");
  return made;
}

function put(element, at) {
  element.style.left = `${at.x * 100}%`;
  element.style.top = `${at.y * 100}%`;
  return element;
}

const name = (mark) => ({ person: "@", mention: "@", hashtag: "#" }[mark.kind] ?? "") + (mark.name ?? mark.text);
const percent = (share) => Math.round(share * 100);

function bubble(mark, at) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `tag ${mark.kind}`;
  made.dataset.at = at;
  made.textContent = name(mark);
  made.setAttribute("aria-label", `${name(mark)}, ${percent(mark.x)} percent from the left, ${percent(mark.y)} from the top. Arrows move it, Delete removes it.`);
  made.addEventListener("keydown", (event) => byKey(event, mark, at));
  made.addEventListener("pointerdown", (event) => carry(event, mark));
  return put(made, mark);
}

function byKey(event, mark, at) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
  if (event.key === "Delete") state.marks.splice(at, 1);
  else if (x || y) {
    const step = event.shiftKey ? 0.05 : 0.01;
    const within = (share) => Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000;
    Object.assign(mark, { x: within(mark.x + x * step), y: within(mark.y + y * step) });
  } else return;
  event.preventDefault();
  change();
  if (event.key === "Delete") $("mark-text").focus();
}

function carry(event, mark) {
  if (event.button) return;
  event.preventDefault();
  event.target.focus();
  $("stage").classList.add("moving");
  document.body.dataset.busy = "1";
  const moved = (now) => put(event.target, Object.assign(mark, where(now)));
  const end = () => {
    removeEventListener("pointermove", moved);
    $("stage").classList.remove("moving");
    delete document.body.dataset.busy;
    change();
  };
  addEventListener("pointermove", moved);
  addEventListener("pointerup", end, { once: true });
}

function line(mark, at) {
  const made = document.createElement("li");
  const [text, gone] = [document.createElement("span"), document.createElement("button")];
  text.textContent = `${name(mark)} · ${percent(mark.x)} % across, ${percent(mark.y)} % down`;
  gone.type = "button";
  gone.textContent = "Remove";
  gone.setAttribute("aria-label", `Remove ${name(mark)}`);
  gone.addEventListener("click", () => {
    state.marks.splice(at, 1);
    change();
    $("mark-text").focus();
  });
  made.append(text, gone);
  return made;
}
