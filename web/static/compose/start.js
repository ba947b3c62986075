// The composer: what each part of it does is in the module of its name.
import { startFormat, startWords } from "./format.js";
import { lookAgain, save, say, startKeeping } from "./keeping.js";
import { startSlides } from "./slides.js";
import { startStage } from "./stage.js";
import { $, change, form, redraw, state } from "./state.js";
import { startTabs } from "./tabs.js";
import { startUploads } from "./upload.js";
import { schedule, startWhen } from "./when.js";

if (form) {
  form.addEventListener("submit", (event) => event.preventDefault());
  startKeeping();
  startFormat();
  startWords();
  startUploads();
  $("pick")?.addEventListener("click", () => import("./picking.js").then(({ pick }) => pick(), () => say("The library cannot be shown: Reprise does not answer, or is another release by now. What you typed is kept.")));
  startSlides();
  startStage();
  startTabs(lookAgain);
  startWhen();
  redraw();
  if (!state.id && state.media.length) change();
  $("account")?.addEventListener("change", async (event) => {
    change({ accountId: event.target.value });
    if (await save()) location.assign(`/posts/${state.id}`);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.ctrlKey || event.isComposing || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    schedule();
  });
  for (const close of document.querySelectorAll("dialog [data-close]")) close.addEventListener("click", () => close.closest("dialog").close());
  document.body.dataset.composer = "here";
}
