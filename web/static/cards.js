// Cards: each change draws the four pictures anew, once it has rested for a moment.
import { leave } from "./typed.js";

const REST_MS = 200;
let waiting = 0;
let drawing = null; // what is asked for, given up when something newer is

function start(form) {
  form.addEventListener("input", (event) => {
    if (event.target.name === "template") return; // each has its picture already
    clearTimeout(waiting);
    waiting = setTimeout(() => draw(form), REST_MS);
  });
  draw(form);
}

async function draw(form) {
  drawing?.abort();
  const mine = (drawing = new AbortController());
  const said = document.getElementById("looks-said");
  form.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.draw, { method: "POST", body, signal: mine.signal });
    if (answer.status === 401) return leave();
    const told = await answer.json();
    if (told.images) {
      for (const picture of form.querySelectorAll("[data-look]")) picture.src = told.images[picture.dataset.look];
      said.textContent = `Drawn on ${told.sample} by what draws the cards that go out.`;
    } else said.textContent = told.problem ?? told.error ?? "They could not be drawn.";
    said.classList.toggle("bad", !told.images);
  } catch (error) {
    if (error.name !== "AbortError") said.textContent = "Reprise does not answer. The pictures are from before.";
  } finally {
    if (drawing === mine) form.removeAttribute("aria-busy");
  }
}

start(document.getElementById("cards"));
