// The list of mentions: moving, marking, deciding, and the opened story beside it.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const boxes = () => $$(".story input[type=checkbox]");
const ticked = () => boxes().filter((box) => box.checked);
const isAboutMany = (source) => source.id === "bulk" || source.matches?.("[data-many]");
const stories = () => $$(".story");
const isWide = () => matchMedia("(min-width: 1081px)").matches;
let last = null; // the box that was ticked last
// What "all" was when it was chosen: what comes in later is not meant, also after a refresh.
let all = null;
let meant = new Set(); // the boxes that were ticked when a decision about many was sent

const here = () => document.activeElement?.closest(".story") ?? null;
const target = (story) => $("[data-act=approve]", story) ?? $(".picture", story);

export function move(step) {
  const all = stories();
  if (!all.length) return;
  const at = all.indexOf(here());
  focus(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]);
}

function focus(story) {
  target(story)?.focus({ preventScroll: true });
  story.scrollIntoView({ block: "nearest" });
}

export function open() {
  const link = $(".picture", here() ?? document.createElement("i"));
  link?.click();
}

export function mark() {
  $("input[type=checkbox]", here() ?? document.createElement("i"))?.click();
}

/** Mark all that match, also those that are further down than what is drawn. */
export function markAll() {
  const button = $("#all");
  if (!button) return;
  all = { asOf: button.dataset.asOf, many: button.dataset.manyAll };
  for (const box of boxes()) box.checked = true;
  count();
}

export function act(what) {
  const story = here();
  const button = $(`[data-act=${what}]`, story ?? $("#opened") ?? document);
  if (!button) return;
  button.click();
}

export function play() {
  const video = $("#opened video");
  if (video) video.paused ? video.play() : video.pause();
}

function start() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open]");
    if (!link || !isWide() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(link);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#all")) return markAll();
    const box = event.target.closest(".story input[type=checkbox]");
    if (!box) return;
    const every = boxes();
    if (event.shiftKey && last?.isConnected) {
      const [from, to] = [every.indexOf(last), every.indexOf(box)].sort((a, b) => a - b);
      for (const each of every.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
    all = null; // who picks single ones means those
    count();
  });
  // The list is asked for as long as it is shown, so that a refresh takes nothing away.
  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    if (sourceElement.id === "list") request.action += `&shown=${stories().length}`;
  });
  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement } = event.detail.ctx;
    if (isAboutMany(sourceElement)) meant = new Set(ticked().map((box) => box.value));
    const story = sourceElement.closest?.(".story");
    if (story?.parentElement) follow(story);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (!isAboutMany(sourceElement) || !(response?.status < 400)) return;
    all = null;
    // What was ticked while it was under way is for the next decision.
    for (const box of boxes()) if (meant.has(box.value)) box.checked = false;
    count();
  });
  document.addEventListener("htmx:after:swap", count);
}

/** When a decided story goes, whoever was at it is at the next one. */
function follow(story) {
  const place = stories().indexOf(story);
  const watch = new MutationObserver(() => {
    if (story.isConnected) return;
    watch.disconnect();
    if (document.activeElement !== document.body) return;
    const all = stories();
    if (all.length) focus(all[Math.min(place, all.length - 1)]);
    else document.getElementById("main").focus();
  });
  watch.observe(story.parentElement, { childList: true });
  setTimeout(() => watch.disconnect(), 10000);
}

async function show(link) {
  const address = new URL(link.href);
  await window.htmx.ajax("GET", `${address.pathname}/part${address.search}`, { target: "#opened", swap: "innerHTML" });
  const page = new URL(location.href);
  page.searchParams.set("open", link.dataset.open);
  history.replaceState(history.state, "", page);
  for (const each of $$(".story.here")) each.classList.remove("here");
  link.closest(".story").classList.add("here");
}

function count() {
  const bar = $("#bulkbar");
  if (!bar) return;
  const marked = ticked().length;
  if (!marked) all = null;
  const seen = $("#as-of");
  seen.disabled = !all;
  seen.value = all?.asOf ?? "";
  bar.hidden = !marked;
  $("#chosen").textContent = all ? `All ${all.many} are marked` : `${marked} marked`;
  const button = $("#all");
  if (button) button.hidden = Boolean(all);
}

start();
