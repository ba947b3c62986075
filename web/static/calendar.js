// Moving posts in the calendar: with the pointer, with a finger after a short hold, and with keys.
const HOLD_MS = 350;
const DAYS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const movable = (target) => target.closest?.("#calendar [data-movable]");
const placeOf = (tile) => tile.closest("[data-day]");
let swapped = null; // the line that was, until it is drawn with its new time
let drag = null; // what is lifted
let wanted = null; // the tile that has the focus once it is drawn anew, and until when

function send(tile, fields, byKeys, to = "move") {
  // What was moved by keys is gone on with; where a mouse was, nothing is to be scrolled away.
  wanted = byKeys ? { id: tile.id, until: Date.now() + 5000 } : null;
  // From the link itself: the fields of whatever holds it, or is in it, would be sent along.
  const source = tile.matches("a") ? tile : tile.querySelector("a");
  window.htmx.ajax("POST", `/calendar/${to}` + location.search, { values: { id: tile.dataset.id, ...fields }, source, swap: "none" });
}

/** Two lines of a list give each other their times, as they were seen. */
function swap(line, other, byKeys) {
  // Who presses again before it is drawn would mean what is not there any more.
  if (swapped && Date.now() < swapped.until) return;
  swapped = { id: line.id, was: line.dataset.was, until: Date.now() + 2000 };
  send(line, { other: other.dataset.id, was: line.dataset.was, other_was: other.dataset.was }, byKeys, "swap");
}

function beside(line, step) {
  const all = [...document.querySelectorAll("#calendar .line[data-was]")];
  const at = all.indexOf(line);
  return at < 0 ? undefined : all[at + step];
}

function bySwapButton(event) {
  const button = event.target.closest?.("#calendar [data-swap]");
  const line = button?.closest(".line");
  const other = line && beside(line, Number(button.dataset.swap));
  if (other) swap(line, other, false);
}

function start() {
  document.addEventListener("click", bySwapButton);
  document.addEventListener("keydown", byKey);
  document.addEventListener("pointerdown", press);
  document.addEventListener("dragstart", (event) => movable(event.target) && event.preventDefault());
  document.addEventListener("contextmenu", (event) => drag && event.preventDefault());
  document.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
  document.addEventListener("htmx:after:swap", () => {
    if (swapped && document.getElementById(swapped.id)?.dataset.was !== swapped.was) swapped = null;
    if (!wanted || Date.now() > wanted.until || document.activeElement !== document.body) return;
    const id = wanted.id.slice(2);
    const tile = [wanted.id, `t-${id}`, `l-${id}`].map((each) => document.getElementById(each)).find(Boolean);
    if (tile) (tile.matches("a") ? tile : tile.querySelector("a")).focus();
  });
}

export function turn(where) {
  document.querySelector(`#calendar [data-page=${where}]`)?.click();
}

export function view(name) {
  document.querySelector(`#calendar [data-view=${name}]`)?.click();
}

function byKey(event) {
  const tile = movable(event.target);
  if (!(event.key in DAYS) || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
  if (!event.altKey) return go(event);
  if (!tile || tile.dataset.draft !== undefined) return;
  event.preventDefault();
  const place = placeOf(tile);
  const isUpOrDown = event.key === "ArrowUp" || event.key === "ArrowDown";
  if (isUpOrDown && !event.shiftKey && tile.matches(".line")) {
    const other = beside(tile, event.key === "ArrowUp" ? -1 : 1);
    if (other) swap(tile, other, true);
    return;
  }
  if (isUpOrDown && (event.shiftKey || place.dataset.hour)) return send(tile, { minutes: event.key === "ArrowUp" ? -15 : 15 }, true);
  if (event.shiftKey) return;
  const day = new Date(`${place.dataset.day}T12:00Z`);
  day.setUTCDate(day.getUTCDate() + DAYS[event.key]);
  send(tile, { day: day.toISOString().slice(0, 10) }, true);
}

/** Arrows alone go from tile to tile. */
function go(event) {
  const all = [...document.querySelectorAll("#calendar :is(.tile, .thin, .line a, .hours .free)")].filter((each) => each.offsetParent);
  const at = all.indexOf(event.target);
  if (at < 0 || event.shiftKey) return;
  event.preventDefault();
  all[at + (event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 1)]?.focus();
}

function press(event) {
  const tile = movable(event.target);
  if (!tile || drag || event.button || event.target.closest(".mover")) return;
  const isTouch = event.pointerType === "touch";
  const begin = () => !drag && lift(tile, event);
  const hold = isTouch ? setTimeout(begin, HOLD_MS) : null;
  const moved = (now) => {
    if (now.pointerId !== event.pointerId) return; // a second finger carries nothing
    if (!isTouch && !now.buttons) return end(now); // let go where this window did not hear of it
    const far = Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY);
    if (!drag && !isTouch && far > 4) begin();
    else if (!drag && isTouch && far > 8) end(now);
    if (drag?.pointer === event.pointerId) carry(now);
  };
  const escape = (key) => key.key === "Escape" && end(key);
  const end = (now) => {
    if ((now.pointerId ?? event.pointerId) !== event.pointerId) return;
    clearTimeout(hold);
    removeEventListener("pointermove", moved);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    removeEventListener("keydown", escape);
    if (drag?.pointer === event.pointerId) drop(now);
  };
  addEventListener("pointermove", moved);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
  addEventListener("keydown", escape);
}

function lift(tile, event) {
  const place = tile.getBoundingClientRect();
  const copy = tile.cloneNode(true);
  for (const each of [copy, ...copy.querySelectorAll("[id]")]) each.removeAttribute("id");
  copy.setAttribute("aria-hidden", "true");
  copy.classList.add("lift");
  copy.style.width = `${place.width}px`;
  document.body.append(copy);
  tile.classList.add("ghost");
  document.body.dataset.busy = "1";
  drag = { tile, copy, pointer: event.pointerId, x: event.clientX - place.left, y: event.clientY - place.top, place: null };
  carry(event);
  requestAnimationFrame(goOn);
}

/** Near the upper and the lower end of the window the page goes on below what is carried. */
function goOn() {
  if (!drag) return;
  const { clientY, pointerType } = drag.at;
  const edge = pointerType === "touch" ? 84 : 20; // a finger covers more, and has a bar below it
  const way = clientY < edge ? -9 : clientY > innerHeight - edge ? 9 : 0;
  if (way) {
    scrollBy(0, way);
    carry(drag.at);
  }
  requestAnimationFrame(goOn);
}

function unmark() {
  document.querySelector("#calendar .over")?.classList.remove("over");
}

function carry(event) {
  drag.at = event;
  drag.copy.style.left = `${event.clientX - drag.x}px`;
  drag.copy.style.top = `${event.clientY - drag.y}px`;
  unmark();
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const line = drag.tile.dataset.was ? under?.closest("#calendar .line[data-was]") : null;
  const place = line && line !== drag.tile ? line : under?.closest("#calendar [data-day]");
  drag.place = place && !place.classList.contains("past") ? place : null;
  drag.place?.classList.add("over");
}

function drop(event) {
  const { tile, copy, place } = drag;
  drag = null;
  copy.remove();
  tile.classList.remove("ghost");
  unmark();
  delete document.body.dataset.busy;
  document.dispatchEvent(new Event("idle"));
  // The click that follows a drag opens nothing.
  const still = (click) => click.preventDefault();
  addEventListener("click", still, { capture: true });
  setTimeout(() => removeEventListener("click", still, { capture: true }), 0);
  if (event.type !== "pointerup" || !place || place === placeOf(tile)) return;
  if (place.matches(".line")) return swap(tile, place, false);
  const { day, hour } = place.dataset;
  send(tile, hour ? { day, hour } : { day }, false);
}

start();
