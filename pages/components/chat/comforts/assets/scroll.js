// The button that leads to the end, while one is away from it; and the way down when something is sent.
import { element, main } from "./page.js";

const AWAY = 240; // pixels
const FOLLOW_MS = 900;
let button = null;

const distance = () => { const page = main(); return page ? page.scrollHeight - page.clientHeight - page.scrollTop : 0; };

export function toEnd(smooth = true) {
  main()?.scrollTo({ top: 1e9, behavior: smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches ? "smooth" : "instant" });
}

// What was sent is drawn a moment later: stay at the end until then.
export function followSent() {
  const until = performance.now() + FOLLOW_MS;
  (function step() {
    toEnd(false);
    if (performance.now() < until) requestAnimationFrame(step);
  })();
}

function look() {
  if (!button) return;
  button.hidden = distance() < AWAY;
}

export function place(root) {
  button = root.querySelector(".ll-to-end") ?? button;
  if (!button) {
    button = element("button", { type: "button", class: "ll-to-end", "aria-label": "To the end", title: "To the end", hidden: "" });
    button.addEventListener("click", () => toEnd());
  }
  const bottom = document.querySelector("[data-testid=stBottomBlockContainer]");
  if (bottom && button.parentElement !== bottom) bottom.append(button);
  look();
}

export function wire() {
  document.addEventListener("scroll", (event) => event.target === main() && look(), true);
  setInterval(look, 1000); // an answer grows without a scroll
}
