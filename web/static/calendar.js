// Moving posts in the calendar: with the pointer, with a finger after a short hold, and with keys.
const HOLD_MS = 350;
const DAYS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const movable = (target) => target.closest?.("#calendar .tile[data-movable]");
let drag = null; // what is lifted
let wanted = ""; // the tile that has the focus once it is drawn anew

function send(tile, fields) {
  wanted = tile.id;
  // From the tile itself: the fields of whatever holds it would be sent along.
  window.htmx.ajax("POST", "/calendar/move", { values: { id: tile.dataset.id, ...fields }, source: tile, swap: "none" });
}

export function startCalendar() {
  if (!document.getElementById("calendar")) return;
  document.addEventListener("keydown", byKey);
  document.addEventListener("pointerdown", press);
  document.addEventListener("dragstart", (event) => movable(event.target) && event.preventDefault());
  document.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
  document.addEventListener("htmx:after:swap", () => {
    const tile = wanted && document.getElementById(wanted);
    if (tile && document.activeElement === document.body) tile.focus();
  });
}

export function turn(where) {
  document.querySelector(`#calendar [data-page=${where}]`)?.click();
}

function byKey(event) {
  const tile = movable(event.target);
  if (!tile || !event.altKey || event.ctrlKey || event.metaKey || !(event.key in DAYS)) return;
  if (tile.dataset.draft !== undefined) return;
  event.preventDefault();
  if (event.shiftKey) {
    if (event.key === "ArrowUp") send(tile, { minutes: -15 });
    if (event.key === "ArrowDown") send(tile, { minutes: 15 });
    return;
  }
  const day = new Date(`${tile.closest("td").dataset.day}T12:00Z`);
  day.setUTCDate(day.getUTCDate() + DAYS[event.key]);
  send(tile, { day: day.toISOString().slice(0, 10) });
}

function press(event) {
  const tile = movable(event.target);
  if (!tile || event.button) return;
  const isTouch = event.pointerType === "touch";
  const begin = () => lift(tile, event);
  const hold = isTouch ? setTimeout(begin, HOLD_MS) : null;
  const moved = (now) => {
    const far = Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY);
    if (!drag && !isTouch && far > 4) begin();
    else if (!drag && isTouch && far > 8) end(now);
    if (drag) carry(now);
  };
  const escape = (key) => key.key === "Escape" && end(key);
  const end = (now) => {
    clearTimeout(hold);
    removeEventListener("pointermove", moved);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    removeEventListener("keydown", escape);
    if (drag) drop(now);
  };
  addEventListener("pointermove", moved);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
  addEventListener("keydown", escape);
}

function lift(tile, event) {
  const place = tile.getBoundingClientRect();
  const copy = tile.cloneNode(true);
  copy.removeAttribute("id");
  copy.setAttribute("aria-hidden", "true");
  copy.classList.add("lift");
  copy.style.width = `${place.width}px`;
  document.body.append(copy);
  tile.classList.add("ghost");
  document.body.dataset.busy = "1";
  drag = { tile, copy, x: event.clientX - place.left, y: event.clientY - place.top, day: null };
  carry(event);
}

function carry(event) {
  drag.copy.style.left = `${event.clientX - drag.x}px`;
  drag.copy.style.top = `${event.clientY - drag.y}px`;
  document.querySelector("td.over")?.classList.remove("over");
  const day = document.elementFromPoint(event.clientX, event.clientY)?.closest("td[data-day]");
  drag.day = day && !day.classList.contains("past") ? day : null;
  drag.day?.classList.add("over");
}

function drop(event) {
  const { tile, copy, day } = drag;
  drag = null;
  copy.remove();
  tile.classList.remove("ghost");
  document.querySelector("td.over")?.classList.remove("over");
  delete document.body.dataset.busy;
  document.dispatchEvent(new Event("idle"));
  if (event.type === "pointerup" && day && day !== tile.closest("td")) send(tile, { day: day.dataset.day });
}
