// Follows addresses inside the app without a reload: links, rows, chart marks, legends and the menu of pages.
//
// Streamlit draws a page anew when the browser goes back or forth, so a step is one `pushState` and the `popstate`
// that the browser would send for it: one entry of the history, whatever page and parameters it leads to (`steps.js`).
// Without this script the same addresses are ordinary links, followed with a reload.
//
// An element is followed where it is
//   <a data-in href="users?span=7+days">   a link, relative to the app's root
//   a row (tr, or anything with data-row)  anywhere in it: its first such link
//   a chart's mark                         whose datum has `url`; a legend's entry: marks of its series have `series_url`
//   a page in the menu                     with the filters of the page one is on
// and <a data-in data-key="j"> is also followed by that key.
"use strict";
(() => {
  const ROOT = window.__streamlit.MAIN_PAGE_BASE_URL;
  const KEPT = ["span", "days", "against", "where"]; // what of an address are filters; `pages/components/links.py` too
  const MAIN = "[data-testid=stMain]";
  const MENU = ["stSidebarNavLink", "stPageLink-NavLink"].map((id) => `[data-testid=stSidebar] a[data-testid=${id}]`);
  const LIST = "[data-scrolls]";
  const POPOVER = "[data-testid=stPopoverBody]";
  const RESTORE_MS = 3000, SETTLE_MS = 5000, ASK_MS = 200;
  const FILTERED = [ // the pages that have them; there too
    "overview", "model-cost", "model", "users", "user", "teams", "features", "traces", "conversations", "calls",
    "latency", "errors", "team", "engagement", "feedback", "compare", "explore",
  ];
  let filters = "";

  // The address a click on this element leads to, or null where it is none of ours.
  function addressOf(element) {
    const link = element.closest("a[href]");
    if (link) {
      if (link.matches("[data-in]")) return inApp(link.getAttribute("href"));
      return link.matches(MENU.join()) && !link.target ? withFilters(link.href) : null;
    }
    if (element.closest("button, input, select, textarea, summary, label")) return null;
    const row = element.closest("tr, [data-row]")?.querySelector("a[data-in]");
    if (row) return String(getSelection()) ? null : inApp(row.getAttribute("href"));
    return inApp(markAddress(element));
  }

  // Vega leaves the row of its data on every element it draws.
  function markAddress(element) {
    const datum = element.__data__?.datum;
    if (!datum) return null;
    if (datum.url) return datum.url;
    const chart = element.closest("svg");
    if (!chart || !element.closest(".role-legend")) return null;
    const marks = [...chart.querySelectorAll("path, rect")].map((mark) => mark.__data__?.datum);
    return marks.find((mark) => mark?.series_url && mark.series === datum.value)?.series_url ?? null;
  }

  function inApp(address) {
    if (!address) return null;
    const url = new URL(address, address.startsWith("?") ? location.href : ROOT);
    return url.href.startsWith(ROOT) ? url.href.replace(/\?$/, "") : null;
  }

  function pageOf(address) {
    return address.slice(ROOT.length).split(/[?#]/)[0];
  }

  // The filters of the page one is on, or was on last, for pages that have the same ones.
  function withFilters(address) {
    const url = new URL(address);
    if (FILTERED.includes(pageOf(location.href))) {
      const here = new URLSearchParams(location.search);
      filters = String(new URLSearchParams([...here].filter(([name]) => KEPT.includes(name))));
    }
    if (FILTERED.includes(pageOf(url.href))) url.search = filters;
    return url.href;
  }

  function visit(address) {
    if (address === location.href) return;
    const main = document.querySelector(MAIN), list = document.querySelector(LIST);
    history.replaceState({ ...history.state, scrolled: main?.scrollTop }, "");
    restoring++;
    llmtrackSteps.go(address);
    main?.scrollTo(0, 0);
    if (list?.scrollTop) keepScrolled(list, list.scrollTop, performance.now() + RESTORE_MS);
    if (innerWidth < 768) document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  }

  // A list that scrolls by itself is drawn anew by the step to one of its lines: it stays where it was scrolled to.
  function keepScrolled(list, top, until) {
    const drawn = document.querySelector(LIST);
    if (drawn && drawn !== list) drawn.scrollTop = top;
    else if (performance.now() < until) requestAnimationFrame(() => keepScrolled(list, top, until));
  }

  addEventListener("click", (event) => {
    const element = event.target;
    if (event.button || event.shiftKey || event.altKey || !(element instanceof Element)) return;
    const address = addressOf(element);
    if (!address) return;
    if (event.metaKey || event.ctrlKey) { // the browser opens links in a new tab itself; nothing else
      if (!element.closest("a[href]")) open(address, "_blank", "noopener");
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    onceSettled(() => visit(address));
  }, true);

  // A press elsewhere closes a popover and ends what is being typed. Either has Streamlit run the page anew, which may
  // write into its address: this run is let come first, where there is one.
  let pressed = 0;
  addEventListener("pointerdown", (event) => {
    const open = document.querySelector(POPOVER), typing = document.activeElement?.matches("input, textarea");
    if ((open && !event.target.closest?.(POPOVER)) || typing) pressed = performance.now();
  }, true);

  function onceSettled(go) {
    const since = performance.now() - pressed;
    if (since > SETTLE_MS) return go();
    return since < ASK_MS || llmtrackSteps.busy() ? setTimeout(() => onceSettled(go), 20) : go();
  }

  addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest?.("input, textarea, [contenteditable]")) return;
    const link = [...document.querySelectorAll("a[data-in][data-key]")].find((one) => one.dataset.key === event.key);
    if (!link) return;
    event.preventDefault();
    visit(inApp(link.getAttribute("href")));
  }, true);

  // Back and forth: to where the page was scrolled to, once it is that long again. The page being left may be as long,
  // and the one to come is drawn bit by bit, so this goes on until it was drawn, or somebody scrolls, presses or types.
  // Our own event is not the browser's.
  let restoring = 0;
  addEventListener("popstate", (event) => {
    if (!event.isTrusted) return;
    const turn = ++restoring, top = event.state?.scrolled;
    if (!top) return;
    let until = performance.now() + RESTORE_MS;
    (function scroll() {
      if (turn !== restoring) return;
      const main = document.querySelector(MAIN);
      if (main && main.scrollTop !== top && main.scrollHeight - main.clientHeight >= top) main.scrollTo(0, top);
      if (llmtrackSteps.busy()) until = performance.now() + RESTORE_MS;
      if (performance.now() < until) requestAnimationFrame(scroll);
    })();
  });
  for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    addEventListener(kind, () => restoring++, { capture: true, passive: true });
  }
})();
