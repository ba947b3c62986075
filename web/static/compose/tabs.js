// Tabs of this browser that have the same post open tell each other.
import { $, state } from "./state.js";

const channel = "BroadcastChannel" in window ? new BroadcastChannel("reprise-compose") : null;
const me = Math.random().toString(36);
const others = new Set();

export function tellTabs(what) {
  if (state.id) channel?.postMessage({ what, tab: me, id: state.id });
}

/** `lookAgain` is called when another tab has saved, or anything has changed. */
export function startTabs(lookAgain) {
  if (channel) channel.onmessage = ({ data }) => {
    if (data.id !== state.id) return;
    if (data.what === "gone") others.delete(data.tab);
    else others.add(data.tab);
    if (data.what === "here") tellTabs("here too");
    if (data.what === "saved") lookAgain();
    const note = $("told");
    note.hidden = !others.size;
    note.textContent = "This post is open in another tab too. What is saved there is shown here; where both change it, you are asked.";
  };
  tellTabs("here");
  addEventListener("pagehide", () => tellTabs("gone"));
  addEventListener("pageshow", (event) => event.persisted && tellTabs("here"));
  document.body.addEventListener("changed", lookAgain);
}
