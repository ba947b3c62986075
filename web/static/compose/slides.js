// The files of the post in their order: by dragging, by keys, by buttons.
import { $, ask, change, drawn, hasAlt, isDraft, redraw, state } from "./state.js";
import { point, setPoint } from "./stage.js";
import { settle } from "./format.js";

const HOLD_MS = 350;
let wanted = null; // which file has the focus once all is drawn anew

export function startSlides() {
  const list = $("slides");
  list.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = place(event.target);
    if (!step || !event.altKey || event.ctrlKey || event.metaKey || at < 0) return;
    event.preventDefault();
    move(at, at + step);
  });
  list.addEventListener("click", (event) => {
    const at = place(event.target);
    if (at < 0) return;
    const does = event.target.closest("button")?.dataset.do;
    if (does === "left") move(at, at - 1);
    else if (does === "right") move(at, at + 1);
    else if (does === "remove") remove(at);
    else if (does === "open") {
      state.open = at;
      wanted = state.media[at].id;
      redraw();
    }
  });
  list.addEventListener("pointerdown", press);
  list.addEventListener("dragstart", (event) => event.preventDefault());
  list.addEventListener("touchmove", (event) => list.querySelector(".lifted") && event.preventDefault(), { passive: false });
  $("cut-do")?.addEventListener("click", cut);
  $("alt").addEventListener("input", (event) => {
    state.media[state.open].alt = event.target.value;
    change();
  });
  drawn(draw);
}

const place = (target) => [...$("slides").children].indexOf(target.closest("li"));

function move(from, to) {
  if (!isDraft() || to < 0 || to >= state.media.length || from === to) return;
  wanted = state.media[from].id;
  state.media.splice(to, 0, ...state.media.splice(from, 1));
  state.open = to;
  change();
}

function remove(at) {
  state.media.splice(at, 1);
  state.open = Math.max(0, Math.min(state.open, state.media.length - 1));
  wanted = state.media[state.open]?.id ?? null;
  settle();
  change();
  if (!state.media.length) $("files")?.focus();
}

function draw() {
  const list = $("slides");
  list.replaceChildren(...state.media.map(slide));
  $("slides-help").hidden = state.media.length < 2 || !isDraft();
  const open = state.media[state.open];
  if ($("cut")) $("cut").hidden = !isDraft() || !open || open.mimeType.startsWith("video/");
  $("alt-field").hidden = !open || !hasAlt(open);
  if (open && $("alt").value !== (open.alt ?? "")) $("alt").value = open.alt ?? "";
  for (const part of ["drop", "pick"]) if ($(part)) $(part).hidden = !isDraft();
  if (wanted) list.children[state.media.findIndex((file) => file.id === wanted)]?.querySelector("button").focus();
  wanted = null;
}

function slide(file, at) {
  const line = document.createElement("li");
  line.classList.toggle("here", at === state.open);
  const open = button("open", `${at + 1}. ${file.originalFilename}`);
  const picture = document.createElement("img");
  picture.src = file.thumbnailPreviewUrl ?? file.thumbnailUrl ?? "";
  picture.alt = "";
  open.replaceChildren(picture);
  open.setAttribute("aria-pressed", String(at === state.open));
  line.append(open);
  if (!isDraft()) return line;
  const acts = document.createElement("span");
  acts.className = "slide-acts";
  const left = button("left", `Move ${file.originalFilename} to the left`, "←");
  const right = button("right", `Move ${file.originalFilename} to the right`, "→");
  left.disabled = at === 0;
  right.disabled = at === state.media.length - 1;
  acts.append(left, right, button("remove", `Remove ${file.originalFilename}`, "×"));
  line.append(acts);
  return line;
}

function button(does, label, text = "") {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.do = does;
  made.setAttribute("aria-label", label);
  made.textContent = text;
  return made;
}

function press(event) {
  const line = event.target.closest("[data-do=open]")?.closest("li");
  if (!line || event.button || !isDraft()) return;
  const from = place(line);
  const isTouch = event.pointerType === "touch";
  let isUp = false;
  let to = from;
  const lift = () => {
    isUp = true;
    line.classList.add("lifted");
    document.body.dataset.busy = "1";
  };
  const hold = isTouch ? setTimeout(lift, HOLD_MS) : 0;
  const moved = (now) => {
    const far = Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY);
    if (!isUp && far > 6) isTouch ? end(now) : lift();
    if (!isUp) return;
    const under = document.elementFromPoint(now.clientX, now.clientY)?.closest("#slides > li");
    document.querySelector("#slides .over")?.classList.remove("over");
    if (!under) return;
    to = place(under);
    under.classList.add("over");
  };
  const end = (now) => {
    clearTimeout(hold);
    for (const [name, hear] of [["pointermove", moved], ["pointerup", end], ["pointercancel", end]]) removeEventListener(name, hear);
    if (!isUp) return;
    delete document.body.dataset.busy;
    document.dispatchEvent(new Event("idle"));
    line.classList.remove("lifted");
    document.querySelector("#slides .over")?.classList.remove("over");
    // The click that a drag ends with, where there is one, opens nothing.
    const swallow = (click) => click.stopPropagation();
    addEventListener("click", swallow, { capture: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }));
    if (now.type === "pointerup") move(from, to);
  };
  for (const [name, hear] of [["pointermove", moved], ["pointerup", end], ["pointercancel", end]]) addEventListener(name, hear);
}

/** Let a further photo, in the chosen shape around the chosen point, take this one's place. */
async function cut() {
  const [at, aspect] = [state.open, $("cut-aspect").value];
  const before = state.media[at];
  const from = before.cutOf ?? before;
  $("cut-do").disabled = true;
  try {
    const made = aspect ? { ...(await ask("POST", `/media/${from.id}/frame`, { aspect, mode: $("cut-mode").value, ...point() })), cutOf: from } : { ...from };
    made.alt = before.alt;
    const now = state.media.findIndex((file) => file.id === before.id);
    if (now >= 0) state.media[now] = made;
    setPoint(null);
    settle();
    change();
  } catch (error) {
    $("change").textContent = error.message;
  }
  $("cut-do").disabled = false;
}
