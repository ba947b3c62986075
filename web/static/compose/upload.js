// Files on their way: dropped, pasted or chosen; each with its progress, and a way to stop it.
import { $, ask, change, limits, state } from "./state.js";
import { settle } from "./format.js";

const waiting = [];
let isBusy = false;
let keep = put; // what is done with a file that has arrived

export function startUploads(kept = put) {
  keep = kept;
  const drop = $("drop");
  if (!drop) return;
  $("files").addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = "";
  });
  for (const name of ["dragenter", "dragover"]) document.addEventListener(name, (event) => hasFiles(event) && over(event, true));
  document.addEventListener("dragleave", (event) => !event.relatedTarget && over(event, false));
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    over(event, false);
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });
}

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

function over(event, isOver) {
  event.preventDefault();
  $("drop").classList.toggle("over", isOver);
}

function add(files) {
  for (const file of files) waiting.push(row(file));
  next();
}

function row(file) {
  const line = document.createElement("li");
  const [name, bar, told, stop] = ["span", "progress", "span", "button"].map((tag) => document.createElement(tag));
  name.textContent = file.name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  told.className = "hint";
  told.textContent = "waits";
  stop.type = "button";
  stop.textContent = "Cancel";
  stop.setAttribute("aria-label", `Cancel ${file.name}`);
  line.append(name, bar, told, stop);
  $("uploads").append(line);
  const one = { file, line, bar, told, stop, isGone: false };
  stop.addEventListener("click", () => {
    one.isGone = true;
    one.asked?.abort();
    line.remove();
  });
  return one;
}

async function next() {
  if (isBusy) return;
  isBusy = true;
  for (let one = waiting.shift(); one; one = waiting.shift()) if (!one.isGone) await bring(one);
  isBusy = false;
}

async function bring(one) {
  try {
    const kept = await send(one);
    one.line.remove();
    await keep(kept.id);
  } catch (error) {
    if (one.isGone) return;
    one.told.textContent = `${error.message} `;
    one.line.classList.add("bad");
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => {
      again.remove();
      one.line.classList.remove("bad");
      waiting.push(one);
      next();
    });
    one.stop.before(again);
  }
}

function send(one) {
  return new Promise((done, fail) => {
    const asked = (one.asked = new XMLHttpRequest());
    asked.open("POST", "/api/v1/media/upload");
    asked.upload.onprogress = (event) => {
      one.bar.value = event.loaded / event.total;
      one.told.textContent = event.loaded < event.total ? `${Math.round(event.loaded / 1024)} of ${Math.round(event.total / 1024)} KiB` : "is looked at";
    };
    asked.onload = () => {
      let said = {};
      try {
        said = JSON.parse(asked.responseText);
      } catch {
        // no envelope
      }
      if (asked.status < 300) done(said);
      else fail(new Error(asked.status === 401 ? "This browser is signed out; sign in in another tab, then try again." : (said.error ?? "That did not work.")));
    };
    asked.onerror = () => fail(new Error("Reprise does not answer. The file is still here."));
    asked.onabort = () => fail(new Error("Cancelled."));
    const body = new FormData();
    body.append("file", one.file, one.file.name);
    asked.send(body);
  });
}

/** Put an upload into the post, behind the others. */
export async function put(id) {
  if (state.media.some((file) => file.id === id)) return;
  if (state.media.length >= limits.slides) throw new Error(`A post has ${limits.slides} files at most; it is in the library.`);
  const file = await ask("GET", `/library/${id}`);
  state.media.push(file);
  state.open = state.media.length - 1;
  settle();
  change();
}
