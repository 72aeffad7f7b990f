// Copies what a button names with `data-copy`, also on plain http, where browsers have no clipboard for scripts.
const SHOWN_MS = 1500;

async function write(text) {
  if (navigator.clipboard?.writeText) {
    try { return await navigator.clipboard.writeText(text); } catch { /* not allowed: the old way */ }
  }
  const area = document.createElement("textarea"), focused = document.activeElement;
  area.value = text;
  area.style.cssText = "position:fixed;opacity:0;inset:0 auto auto 0";
  (document.querySelector("[data-testid=stDialog] [role=dialog]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus?.();
}

export async function copy(button) {
  await write(button.dataset.copy || button.closest("[data-testid=stChatMessage]")?.innerText || "");
  button.classList.add("ll-done");
  const name = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.classList.remove("ll-done");
    button.setAttribute("aria-label", name === "Copied" ? "Copy" : name);
  }, SHOWN_MS);
}

export function copyLast() {
  const last = [...document.querySelectorAll("button[data-copy]")].at(-1);
  if (last) copy(last);
}

export function wire() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (button) copy(button);
  }, true);
}
