// What the other modules know of Streamlit's page: its names stand here alone, and tests/browser/test_chat_comforts.py
// tries each. Text from data reaches the page through `textContent` only.

export const BOX = "[data-testid=stChatInput] textarea";
export const MAIN = "[data-testid=stAppScrollToBottomContainer], [data-testid=stMain]"; // the first, as it is beside a box
export const PHONE = "(max-width: 768px)";
const CHIP = "[data-testid=stChatInput] [data-testid=stFileChip]";
const CHIP_DELETE = "[data-testid=stFileChipDeleteBtn]";
const PICKER = "[data-testid=stChatInput] input[type=file]";
const SUBMIT = "[data-testid=stChatInputSubmitButton]";
const SQUARE = "[data-testid=stChatInputStopButton]"; // in place of the arrow while Streamlit keeps the box locked
const COLLAPSE = "[data-testid=stSidebarCollapseButton] button";

export const box = () => document.querySelector(BOX);
export const main = () => document.querySelector(MAIN);
export const running = () => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "running";
export const isLocked = () => !!document.querySelector(SQUARE);
export const stopButton = () => document.querySelector(".st-key-ll_stop button");
export const isTyping = (element) => element instanceof Element && !!element.closest("input, textarea, [contenteditable]");
export const isSubmit = (element) => element instanceof Element && !!element.closest(SUBMIT);
export const isPicker = (element) => element instanceof Element && element.matches(PICKER);

// React listens to the setter of the browser, not to a value that is simply assigned.
export function put(text) {
  const area = box();
  if (!area || area.value === text) return;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// Files as if they had been picked: chips, upload, sent as usual.
export function attach(files) {
  const input = document.querySelector(PICKER);
  if (!input || !files.length) return;
  const transfer = new DataTransfer();
  files.forEach((file) => transfer.items.add(file));
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

export const chips = () => [...document.querySelectorAll(CHIP)];

export function removeChips() {
  for (const chip of chips()) {
    const away = chip.querySelector(CHIP_DELETE);
    (away?.querySelector("button") ?? away)?.click();
  }
}

export function closeSidebarOnPhone() {
  if (matchMedia(PHONE).matches) document.querySelector(COLLAPSE)?.click();
}

// An element with its attributes, and children that are elements or plain text.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
