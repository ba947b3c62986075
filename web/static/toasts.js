// Notes in the corner: one at a time, for eight seconds, longer while somebody is at them.
const STAYS = 8;
const place = () => document.getElementById("toasts");

/** @param {string} text @param {boolean} [isBad] */
export function say(text, isBad = false) {
  const note = document.createElement("div");
  note.className = isBad ? "toast bad" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  note.append(words);
  place()?.append(note);
}

export function startToasts() {
  const notes = place();
  if (!notes) return;
  new MutationObserver(() => {
    const all = [...notes.children];
    for (const old of all.slice(0, -1)) old.remove();
    for (const note of notes.querySelectorAll(".toast:not([data-told])")) watch(note);
  }).observe(notes, { childList: true });
  notes.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-dismiss], [data-undo]");
    if (!pressed) return;
    const note = pressed.closest(".toast");
    // The form of an undo is sent first.
    setTimeout(() => note.remove(), pressed.matches("[data-undo]") ? 300 : 0);
  });
}

function watch(note) {
  note.dataset.told = "1";
  let left = STAYS;
  const each = setInterval(() => {
    if (!note.isConnected) return clearInterval(each);
    if (!note.matches(":hover, :focus-within") && --left < 0) note.remove();
  }, 1000);
}
