// Keys of the chat, and the list of them on `?`.
import { copyLast } from "./copy.js";
import { box, element, isTyping, stopButton } from "./page.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const CONTROL = MAC ? "⌘" : "Ctrl";
const KEYS = [
  ["Enter", "Send"],
  ["Shift + Enter", "New line"],
  ["Esc", "Stop the answer"],
  ["↑ in the empty box", "Edit your last message"],
  ["/", "To the box"],
  [`${CONTROL} + K`, "Search conversations"],
  [`${CONTROL} + Shift + O`, "New chat"],
  ["Alt + Shift + C", "Copy the last answer"],
  ["→ on a conversation", "Rename, pin, move, archive, delete"],
  ["?", "This list"],
];
let editLast = () => {}, sheet = null;

export function listen(onEdit) {
  editLast = onEdit;
}

export function focusBox() {
  if (!matchMedia("(hover: hover)").matches) return; // a touch screen would open its keyboard
  const now = document.activeElement;
  if (!now || now === document.body || now.matches("[data-testid=stApp], [data-testid=stAppScrollToBottomContainer]")) box()?.focus({ preventScroll: true });
}

function showKeys() {
  if (sheet?.open) return sheet.close();
  if (!sheet) {
    const list = element("dl");
    for (const [key, what] of KEYS) list.append(element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)));
    const away = element("button", { type: "button", class: "ll-close", "aria-label": "Close" }, "×");
    sheet = element("dialog", { class: "ll-keys", "aria-labelledby": "ll-keys-title" },
      element("h2", { id: "ll-keys-title" }, "Keys"), list, away);
    away.addEventListener("click", () => sheet.close());
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  }
  document.querySelector("[data-testid=stApp]").append(sheet);
  sheet.showModal();
}

function isOpen() {
  return !!document.querySelector("[data-testid=stDialog], [data-testid=stPopoverBody], [role=menu], dialog[open]");
}

function act(event) {
  const { key } = event, control = event.ctrlKey || event.metaKey, typing = isTyping(event.target);
  if (control && !event.shiftKey && !event.altKey && key.toLowerCase() === "k") {
    document.querySelector(".st-key-history_search input")?.focus();
  } else if (event.altKey && event.shiftKey && event.code === "KeyC") copyLast();
  else if (control || event.altKey) return false;
  else if (key === "Escape" && stopButton() && !isOpen()) stopButton().click();
  else if (key === "?" && !typing) showKeys();
  else if (key === "/" && !typing) box()?.focus();
  else if (key === "ArrowUp" && event.target === box() && !box().value) editLast();
  else return false;
  return true;
}

export function wire() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || !box() || !act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
