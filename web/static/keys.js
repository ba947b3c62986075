// One table of keys: it drives the handler, the sheet that `?` shows, and the tests.

// Pages that have stories or a calendar have loaded its module; what it does is asked of it.
const stories = async (does, ...given) => (await import("./mentions.js"))[does](...given);
const calendar = async (does, where) => (await import("./calendar.js"))[does](where);
const OFF = "reprise-keys-off";
/** @type {{keys: string, what: string, run: (event: KeyboardEvent) => unknown}[]} */
export const KEYS = [
  { keys: "?", what: "Show this", run: show },
  { keys: "n", what: "Compose a post", run: () => document.querySelector(".rail a[data-key=n]")?.click() },
  { keys: "u", what: "Undo the last decision", run: () => document.querySelector("[data-undo]")?.click() },
  { keys: "j", what: "Next story", run: () => stories("move", 1) },
  { keys: "k", what: "Story before", run: () => stories("move", -1) },
  { keys: "o", what: "Open the story", run: () => stories("open") },
  { keys: "x", what: "Mark the story", run: () => stories("mark") },
  { keys: "X", what: "Mark all stories that match", run: () => stories("markAll") },
  { keys: "a", what: "Approve the story", run: () => stories("act", "approve") },
  { keys: "s", what: "Skip the story", run: () => stories("act", "skip") },
  { keys: "A", what: "Approve the marked ones", run: () => document.querySelector("[data-many=approve]")?.click() },
  { keys: "S", what: "Skip the marked ones", run: () => document.querySelector("[data-many=skip]")?.click() },
  { keys: "p", what: "Play the opened video", run: () => stories("play") },
  { keys: "1", what: "The calendar by weeks", run: () => calendar("view", "weeks") },
  { keys: "2", what: "One week by its hours", run: () => calendar("view", "week") },
  { keys: "3", what: "The calendar as a list", run: () => calendar("view", "list") },
  { keys: "[", what: "The calendar back", run: () => calendar("turn", "back") },
  { keys: "]", what: "The calendar on", run: () => calendar("turn", "on") },
  { keys: ".", what: "The calendar from today", run: () => calendar("turn", "today") },
];
let hasG = false;

export function startKeys() {
  const sheet = document.getElementById("keys");
  if (!sheet) return;
  const places = [...document.querySelectorAll(".rail a[data-key]")];
  const box = document.getElementById("keys-on");
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  sheet.querySelector("[data-close]").addEventListener("click", () => sheet.close());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(OFF)) return;
    if (event.target.matches("textarea, select, input:not([type=checkbox])") || sheet.open) return;
    if (hasG) {
      hasG = false;
      const place = places.find((each) => each.dataset.key === event.key);
      if (place) place.click();
      return;
    }
    if (event.key === "g") {
      hasG = true;
      setTimeout(() => (hasG = false), 1500);
      return;
    }
    const found = KEYS.find((each) => each.keys === event.key);
    if (!found) return;
    event.preventDefault();
    found.run(event);
  });
}

/** Show the sheet, which is filled when it is wanted first. */
function show() {
  const sheet = document.getElementById("keys");
  const list = sheet.querySelector("dl");
  if (!list.firstChild) fill(list, [...document.querySelectorAll(".rail a[data-key]")]);
  sheet.showModal();
}

function fill(list, places) {
  const rows = [...places.map((each) => [`g ${each.dataset.key}`, each.querySelector("span").textContent]), ...KEYS.map((each) => [each.keys, each.what])];
  for (const [keys, what] of rows) {
    const term = document.createElement("dt");
    for (const each of keys.split(" ")) {
      const key = document.createElement("kbd");
      key.textContent = each;
      term.append(key, " ");
    }
    const said = document.createElement("dd");
    said.textContent = what;
    list.append(term, said);
  }
}
