// What is typed in a form outlasts its session and its daemon: it is sent only where somebody takes it.
import { say } from "./toasts.js";
const OUT =
  "This browser is signed out. What you typed is kept here: open a new login link in another tab (reprise login-link), then send it.";
const AWAY = "Reprise does not answer. What you typed is kept here: send it again in a moment.";
const sure = new WeakSet();

/** The session is over: the page goes, unless something is typed in it. */
export function leave() {
  if ([...document.forms].some(isFilled)) say(OUT, true);
  else location.reload();
}

export function startTyped() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || sure.delete(form) || !isFilled(form)) return;
    event.preventDefault();
    const problem = await refusal();
    if (problem) return say(problem, true);
    sure.add(form);
    form.requestSubmit(event.submitter);
  });
}

async function refusal() {
  try {
    return (await fetch("/api/v1/counts")).status === 401 ? OUT : null;
  } catch {
    return AWAY;
  }
}

function isFilled(form) {
  return form.method === "post" && [...form.elements].some(isChanged);
}

function isChanged(field) {
  if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((each) => each.defaultSelected && !each.selected);
  return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
}
