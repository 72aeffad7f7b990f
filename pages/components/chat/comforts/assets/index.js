// What the chat page has beyond Streamlit, called anew whenever the server has told something. Listeners are set once:
// the page outlives this component. Without it the chat works, without these comforts.
import * as copy from "./copy.js";
import * as draft from "./draft.js";
import * as estimate from "./estimate.js";
import * as keys from "./keys.js";
import * as menu from "./menu.js";
import { box, closeSidebarOnPhone, isSubmit } from "./page.js";
import * as picker from "./picker.js";
import * as scroll from "./scroll.js";
import * as unlock from "./unlock.js";

let wired = false, loaded = false;

function wire() {
  wired = true;
  for (const part of [copy, draft, estimate, keys, menu, picker, scroll, unlock]) part.wire();
  document.addEventListener("keydown", (event) => {
    if (event.target === box() && event.key === "Enter" && !event.shiftKey && !event.isComposing) sending();
  }, true);
  addEventListener("click", (event) => { // at the window: `links.js` lets clicks on its links come no further
    if (isSubmit(event.target)) sending();
    // `links.js` closes the sidebar on the way to another one.
    if (event.target.closest?.(".ll-talks a")?.href === location.href) closeSidebarOnPhone();
    if (event.target.closest?.(".st-key-new_chat button")) {
      closeSidebarOnPhone();
      setTimeout(() => matchMedia("(hover: hover)").matches && box()?.focus(), 50);
    }
  }, true);
}

const sending = () => draft.submitted(scroll.followSent);

export default function ({ parentElement, data: [data], setTriggerValue }) {
  if (data.forget) return draft.forgetOthers(null);
  if (!wired) wire();
  let count = 0;
  const tell = (what) => setTriggerValue("command", { ...what, n: `${Date.now()}.${count++}` });
  menu.listen((what) => tell({ kind: "row", ...what }));
  picker.listen((model) => tell({ kind: "model", model }));
  keys.listen(() => tell({ kind: "edit" }));
  unlock.listen(() => tell({ kind: "redraw" }));
  const root = parentElement.querySelector(".ll-comforts") ?? parentElement;
  menu.place(root);
  scroll.place(root);
  draft.follow(data);
  estimate.prices(data.quote);
  if (!loaded) {
    loaded = true;
    keys.focusBox();
  }
  root.dataset.ready = "";
}
