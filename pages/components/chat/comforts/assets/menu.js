// One menu for all rows of the list of conversations: on hover, focus, right click and long press.
import { closeSidebarOnPhone, element } from "./page.js";

const ROW = ".ll-talks :is(a[data-c], summary[data-folder])";
const HOLD_MS = 500;
let tell = () => {}, button = null, menu = null, row = null, held = 0;

export function listen(onAction) {
  tell = onAction;
}

function actions(of) {
  if (of.dataset.folder) return [["chat", "New chat here"], ["files", "Files"]];
  const pinned = of.dataset.pinned !== undefined, archived = of.dataset.archived !== undefined;
  return [
    ["rename", "Rename"],
    ["pin", pinned ? "Unpin" : "Pin"],
    ["move", "Move to a folder"],
    ["archive", archived ? "Take out of the archive" : "Archive"],
    ["delete", "Delete"],
  ];
}

const nameOf = (of) => of.dataset.folder ?? of.textContent;

function showButton(of) {
  if (menu) return;
  row = of;
  const at = of.getBoundingClientRect();
  button.style.top = `${at.top + (at.height - 28) / 2}px`;
  button.style.left = `${at.right - 32}px`;
  button.setAttribute("aria-label", `What can be done with ${nameOf(of)}`);
  button.hidden = false;
}

function hideButton() {
  if (menu) return;
  button.hidden = true;
  row = null;
}

function close(refocus = true) {
  menu?.remove();
  menu = null;
  button?.setAttribute("aria-expanded", "false");
  if (refocus) row?.focus();
  button.hidden = true;
}

function open(of, first = true) {
  if (!button?.isConnected) return; // another page has the list, but not the menu
  close(false);
  showButton(of);
  const chosen = of;
  menu = element("div", { class: "ll-menu", role: "menu", "aria-label": nameOf(of) });
  for (const [name, label] of actions(of)) {
    const item = element("button", { type: "button", role: "menuitem", tabindex: "-1", class: `ll-do-${name}` }, label);
    item.addEventListener("click", () => {
      close();
      if (chosen.dataset.folder) tell({ folder: chosen.dataset.folder, action: name });
      else tell({ id: chosen.dataset.c, action: name, set: !(name === "pin" ? "pinned" in chosen.dataset : "archived" in chosen.dataset) });
      if (["rename", "move", "chat", "files"].includes(name)) closeSidebarOnPhone();
    });
    menu.append(item);
  }
  button.parentElement.append(menu);
  button.setAttribute("aria-expanded", "true");
  const at = of.getBoundingClientRect(), size = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(at.right - 32, innerWidth - size.width - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(at.bottom, innerHeight - size.height - 8))}px`;
  if (first) menu.firstElementChild.focus();
}

function inMenu(event) {
  const items = [...menu.children], at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items.at(to % items.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  if (event.key !== "Tab") event.preventDefault();
  event.stopPropagation();
}

export function place(root) {
  if (button?.isConnected) return;
  button = element("button", {
    type: "button", class: "ll-row-more", "aria-haspopup": "menu", "aria-expanded": "false", hidden: "", tabindex: "-1",
  });
  button.addEventListener("click", () => (menu ? close() : open(row)));
  root.append(button);
}

export function wire() {
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch" || !button?.isConnected) return;
    const of = event.target.closest?.(ROW);
    if (of) showButton(of);
    else if (event.target !== button) hideButton();
  }, true);
  document.addEventListener("focusin", (event) => {
    const of = event.target.closest?.(ROW);
    if (of?.matches(":focus-visible") && button?.isConnected) showButton(of);
  }, true);
  document.addEventListener("contextmenu", (event) => {
    const of = event.target.closest?.(ROW);
    if (!of || event.ctrlKey || event.metaKey || !button?.isConnected) return;
    event.preventDefault();
    open(of);
  }, true);
  document.addEventListener("touchstart", (event) => {
    const of = event.target.closest?.(ROW);
    clearTimeout(held);
    if (of) held = setTimeout(() => { held = -1; open(of); }, HOLD_MS);
  }, { capture: true, passive: true });
  for (const name of ["touchmove", "touchcancel"]) document.addEventListener(name, () => clearTimeout(held), { capture: true, passive: true });
  document.addEventListener("touchend", (event) => {
    if (held === -1) event.preventDefault(); // the press opened the menu; it is no tap on the row
    clearTimeout(held);
    held = 0;
  }, { capture: true, passive: false });
  document.addEventListener("keydown", (event) => {
    if (menu) return inMenu(event);
    const of = event.target.closest?.(ROW);
    if (of && (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10") || event.key === "ArrowRight")) {
      event.preventDefault();
      open(of);
    }
  }, true);
  document.addEventListener("pointerdown", (event) => {
    if (menu && !menu.contains(event.target) && event.target !== button) close(false);
  }, true);
  document.addEventListener("scroll", (event) => event.target.closest?.("[data-testid=stSidebarContent]") && close(false), true);
}
