// The list of models: narrowed while one types, walked with the arrows, and taken with a click or Enter.
import { box } from "./page.js";

const ROW = "[data-model]";
const SEARCH = ".st-key-chat_model input, [class*='st-key-chat_model_'] input";
const BUTTON = ".st-key-chat_models button[aria-expanded=true]";
let take = () => {}, at = -1;

export function listen(onChoice) {
  take = onChoice;
}

const rows = () => [...document.querySelectorAll(`.ll-models ${ROW}`)].filter((row) => !row.hidden && row.offsetParent);

function narrow(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  document.querySelectorAll(`.ll-models ${ROW}`).forEach((row) => {
    row.hidden = !words.every((word) => row.dataset.model.toLowerCase().includes(word));
  });
  document.querySelectorAll(".ll-models section").forEach((group) => {
    group.hidden = !group.querySelector(`${ROW}:not([hidden])`);
  });
  mark(-1);
}

// As a person does it, so that the server is told. It looks once what was taken is on its way.
function close() {
  setTimeout(() => document.querySelector(BUTTON)?.click(), 30);
  toBox();
}

// Once the list has closed: it would take the focus back.
function toBox(until = performance.now() + 5000) {
  if (!matchMedia("(hover: hover)").matches) return; // a touch screen would open its keyboard
  if (!document.querySelector(SEARCH)) return box()?.focus();
  if (performance.now() < until) setTimeout(() => toBox(until), 50);
}

function mark(index) {
  const shown = rows();
  at = Math.max(-1, Math.min(index, shown.length - 1));
  document.querySelectorAll(".ll-models .ll-at").forEach((row) => row.classList.remove("ll-at"));
  shown[at]?.classList.add("ll-at");
  shown[at]?.scrollIntoView({ block: "nearest" });
}

export function wire() {
  document.addEventListener("input", (event) => event.target.matches?.(SEARCH) && narrow(event.target.value), true);
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.(`.ll-models ${ROW}`);
    if (!row || row.disabled) return;
    take(row.dataset.model);
    close();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(SEARCH)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      mark(at + (event.key === "ArrowDown" ? 1 : -1));
      event.preventDefault();
    } else if (event.key === "Enter") {
      if (at >= 0) { // what is typed and not picked is read by the server
        event.preventDefault();
        event.stopPropagation();
        take(rows()[at].dataset.model);
      }
      close();
    }
  }, true);
}
