// When it goes out: at a time of the account's clocks, or now, which is asked once.
import { forget, hasUnsaved, noted, refused, save, say } from "./keeping.js";
import { $, ask, content, drawn, form, heard, isDraft, state } from "./state.js";

let timer = 0;
let round = 0;

export function startWhen() {
  $("at").addEventListener("input", () => later(200));
  for (const button of document.querySelectorAll("[data-usual]"))
    button.addEventListener("click", () => {
      $("at").value = button.dataset.usual;
      later(0);
    });
  heard(() => later(1500));
  $("schedule")?.addEventListener("click", schedule);
  $("now")?.addEventListener("click", sure);
  $("sure-yes").addEventListener("click", publish);
  $("undraft")?.addEventListener("click", () => act("POST", `/posts/${state.id}/release`, {}, () => location.reload()));
  $("discard")?.addEventListener("click", discard);
  drawn(() => {
    if ($("discard")) $("discard").hidden = !isDraft() || !state.id;
  });
  look();
}

function later(delay) {
  clearTimeout(timer);
  timer = setTimeout(look, delay);
}

/** Ask what the time means, and what there is to know about it; nothing is changed by that. */
async function look() {
  const mine = ++round;
  const asked = new URLSearchParams({ at: $("at").value, account: state.accountId });
  if (state.id && state.media.length && !hasUnsaved()) asked.set("post", state.id);
  let told;
  try {
    const answer = await fetch(`/compose/when?${asked}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return null;
    told = await answer.json();
  } catch {
    return null;
  }
  if (mine !== round) return told;
  $("at-told").textContent = told.told ?? "";
  $("warnings").replaceChildren(
    ...told.warnings?.map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }) ?? [],
  );
  noted(told.problem ? new Error(told.problem) : null, "time");
  return told;
}

export async function schedule() {
  if (!$("schedule")) return;
  if (isDraft() && !(await save())) return;
  const told = await look();
  if (!told) return say("Reprise does not answer. Nothing was scheduled; what you typed is kept here.");
  if (!told.at || (told.problem && isDraft())) return $("at").focus();
  const sent = { scheduledFor: told.at, timezone: form.dataset.zone, version: state.version };
  if (isDraft()) return act("POST", `/posts/${state.id}/reschedule`, sent, () => location.assign(`/posts/${state.id}`));
  const moved = state.scheduledFor && new Date(state.scheduledFor).getTime() !== new Date(told.at).getTime();
  const changes = { ...content(), ...(moved ? { scheduledFor: told.at, timezone: sent.timezone } : {}), version: state.version };
  await act("PUT", `/schedule/${state.id}`, changes, () => location.assign(`/posts/${state.id}`));
}

async function act(method, path, body, then) {
  try {
    await ask(method, path, body);
  } catch (error) {
    if (error.status && error.status < 500 && error.status !== 401 && !["STALE_EDIT", "NOT_FOUND"].includes(error.code)) return noted(error);
    if (!error.status) return say("Reprise does not answer. What you typed is kept here; look whether it was done once it does.");
    return refused(error);
  }
  forget();
  then();
}

async function sure() {
  if (!(await save())) return;
  const picture = $("stage").querySelector("img");
  $("sure-picture").hidden = !picture;
  if (picture) $("sure-picture").src = picture.src;
  $("sure-what").textContent = document.querySelector("input[name=format]:checked").parentElement.firstChild.nextSibling.textContent.trim();
  $("sure-caption").textContent = state.mediaType === "STORIES" ? "" : state.caption;
  $("sure").showModal();
}

async function publish() {
  $("sure").close();
  await act("POST", `/posts/draft/${state.id}/publish`, { version: state.version }, () => location.assign(`/posts/${state.id}`));
}

async function discard() {
  const button = $("discard");
  if (button.dataset.sure) {
    const told = await ask("GET", `/posts/${state.id}`).catch(() => null);
    // Nobody is to delete what they have not seen.
    if (told && told.version !== state.version) return refused(Object.assign(new Error("It was changed elsewhere since you read it; nothing was deleted"), { code: "STALE_EDIT" }));
    return act("DELETE", `/posts/${state.id}`, undefined, () => location.assign("/compose"));
  }
  button.dataset.sure = "1";
  const words = button.textContent;
  button.textContent = "Press again to delete it";
  setTimeout(() => {
    button.textContent = words;
    delete button.dataset.sure;
  }, 5000);
}
