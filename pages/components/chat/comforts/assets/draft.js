// The draft outlives a reload, a refusal and an error: its text in `localStorage`, its files in IndexedDB, both by person
// and conversation. What is sent is set aside until the server says that it has been kept; else it goes back into the box.
import { attach, box, chips, isPicker, isSubmit, put, removeChips, running } from "./page.js";

const STORE = "llmtrack.draft.", ASIDE = "llmtrack.aside.";
const SAVE_MS = 120, LOOK_MS = 30, CLEARED_MS = 3000, CHIP_MS = 400;
const MOST_TEXT = 400_000, MOST_BYTES = 50e6; // characters; a file above that is not kept
let waiting = false, person = null, key = null, area = null, files = [], seen = { sent: null, refused: null }, timer = 0;

// Without storage (a private window, a full disk) the chat works as it would without this script.
function quietly(work) {
  try { return work(); } catch { return null; }
}

function database() {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("llmtrack", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("files");
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => failed(opening.error);
  });
}

async function store(mode, work) {
  try {
    const open = await database();
    const request = work(open.transaction("files", mode).objectStore("files"));
    const result = await new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
    open.close();
    return result;
  } catch {
    return null;
  }
}

const keepFiles = (name, kept) =>
  store("readwrite", (files) => (kept.length ? files.put(kept, name) : files.delete(name)));
const keptFiles = async (name) => (await store("readonly", (files) => files.get(name))) ?? [];

function keepText(name, text) {
  quietly(() => (text && text.length <= MOST_TEXT ? localStorage.setItem(name, text) : localStorage.removeItem(name)));
}

const keptText = (name) => quietly(() => localStorage.getItem(name)) ?? "";

function save() {
  clearTimeout(timer);
  timer = 0;
  if (key && box()) keepText(STORE + key, box().value);
}

// Nothing of anybody but `who` stays on this machine; of nobody where it is null, as after signing out.
export function forgetOthers(who) {
  const mine = who ? [STORE, ASIDE].map((start) => `${start}${who}.`) : [];
  const foreign = (name) => !mine.some((start) => String(name).startsWith(start));
  quietly(() => Object.keys(localStorage).filter((name) => name.startsWith("llmtrack.") && foreign(name))
    .forEach((name) => localStorage.removeItem(name)));
  store("readonly", (files) => files.getAllKeys()).then((names) => {
    for (const name of names ?? []) if (foreign(name)) store("readwrite", (files) => files.delete(name));
  });
}

function take(some) {
  const fresh = some.filter((file) => file.size <= MOST_BYTES);
  const names = new Set(fresh.map((file) => file.name));
  files = [...files.filter((file) => !names.has(file.name)), ...fresh];
  if (key) keepFiles(STORE + key, files);
}

export const attached = () => (chips().length ? files : []);

// A chip that was taken off by hand: its file is not part of the draft any more.
function prune() {
  const shown = chips().map((chip) => chip.textContent).join("\n");
  const left = files.filter((file) => shown.includes(file.name));
  if (left.length !== files.length) {
    files = left;
    keepFiles(STORE + key, files);
  }
}

async function restore(from) {
  const text = keptText(from), kept = await keptFiles(from);
  if (text && !box()?.value) put(text);
  if (kept.length && !chips().length) attach(kept);
}

function forget(name) {
  keepText(name, "");
  keepFiles(name, []);
}

// Enter, or a click on the arrow: once the box is empty the message is on its way.
export function submitted(onSent) {
  const text = box()?.value ?? "", had = files, at = key, until = performance.now() + CLEARED_MS;
  if (!text.trim() && !chips().length) return;
  (function look() {
    if (key !== at && !box()) return;
    if (!box()?.value && !chips().length) {
      keepText(ASIDE + at, text);
      keepFiles(ASIDE + at, had);
      forget(STORE + at);
      files = [];
      onSent();
      settle(at);
    } else if (performance.now() < until) setTimeout(look, LOOK_MS);
  })();
}

// An error in between tells neither: once the page stands still, what was set aside goes back into the box.
function settle(at) {
  const aside = () => keptText(ASIDE + at);
  setTimeout(function look() {
    if (!aside() || waiting) return;
    if (running()) return setTimeout(look, 500);
    if (key === at) giveBack(at);
  }, 2500);
}

async function giveBack(at) {
  await restore(ASIDE + at);
  forget(ASIDE + at);
  save();
}

function lastAsked() {
  return [...document.querySelectorAll("[data-testid=stChatMessageContent][aria-label='Chat message from user']")].at(-1)?.innerText ?? "";
}

const squeezed = (text) => text.replace(/\s+/g, " ").trim();

// Every run of the page comes here: `conversation` is its number, or "new"; `sent` names what was kept last, and where;
// `refused` counts what was not; `unconfirmed` says that one waits for its sender's word.
export async function follow({ who, conversation, sent, refused, unconfirmed }) {
  waiting = unconfirmed;
  if (timer) save(); // what is typed belongs to the conversation it was typed in
  const fresh = box() !== area; // Streamlit draws a new box after another page
  area = box();
  const first = key === null, before = key, next = `${who}.${conversation}`;
  if (person !== who) forgetOthers((person = who));
  key = next;
  const news = sent && String(sent) !== seen.sent;
  if (news) {
    seen.sent = String(sent);
    forget(`${ASIDE}${who}.${sent[0]}`);
  }
  const moved = news && before === `${who}.${sent[0]}`; // the page of a new chat became this conversation
  if (before !== next && !moved) {
    if (!first) {
      files = [];
      removeChips();
      put(keptText(STORE + next));
    }
    const aside = keptText(ASIDE + next);
    if (aside && !squeezed(lastAsked()).includes(squeezed(aside).slice(0, 200))) await giveBack(next);
    else if (aside) forget(ASIDE + next);
    await restore(STORE + next);
  } else if (moved) {
    keepText(STORE + before, "");
    save();
  } else if (fresh) await restore(STORE + next);
  if (refused && refused !== seen.refused) {
    if (!first) await giveBack(next);
    seen.refused = refused;
  }
}

export function wire() {
  document.addEventListener("input", (event) => {
    if (event.target === box() && !timer) timer = setTimeout(save, SAVE_MS);
  }, true);
  addEventListener("pagehide", save);
  document.addEventListener("change", (event) => isPicker(event.target) && take([...event.target.files]), true);
  const dropped = (event, some) => event.target.closest?.("[data-testid=stChatInput]") && some?.length && take([...some]);
  document.addEventListener("drop", (event) => dropped(event, event.dataTransfer?.files), true);
  document.addEventListener("paste", (event) => dropped(event, event.clipboardData?.files), true);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-testid=stChatInput]") && !isSubmit(event.target)) setTimeout(prune, CHIP_MS);
    if (event.target.closest?.(".st-key-sign_out button")) forgetOthers((key = person = null));
  }, true);
}
