// A step to another address, seen through to its end: `llmtrackSteps.go(address)`, for links.js.
//
// Streamlit draws what the browser's `popstate` tells it to, but forgets about it on three occasions: before it knows its
// pages it sends nothing; a message of the page being left, which was on its way, pushes that page's address again; and
// a control of that page that changes a moment later (a popover that closes) has that page drawn instead. Its messages
// tell which page was asked for and which is drawn, so a step ends when its page was drawn, and is asked for again
// where another was.
"use strict";
(() => {
  // Where these stand in Streamlit's messages; a test compares them with the Streamlit that is installed.
  const FIELDS = { rerun_script: 11, rerun_page: 3, new_session: 4, session_page: 9, script_finished: 6 };
  const FINISHED_EARLY_FOR_RERUN = 2;
  const MOST_TRIES = 5, LONGEST_MS = 15000;
  let asked = false; // a run was asked for and has not begun
  let running = false;
  let drawn = null; // the page that was drawn last, or is being drawn, by Streamlit's hash of it
  let following = false; // what is sent now asks for the step's page
  let step = null;

  // The value of a field of a protobuf message: bytes, a number, or undefined where the message has none.
  function field(bytes, wanted) {
    let at = 0;
    const number = () => {
      let value = 0, scale = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte > 127);
      return value;
    };
    while (at < bytes.length) {
      const key = number(), kind = key & 7;
      const length = kind === 2 ? number() : kind === 1 ? 8 : kind === 5 ? 4 : 0;
      const value = kind === 0 ? number() : bytes.subarray(at, at + length);
      if (Math.floor(key / 8) === wanted) return value;
      at += length;
    }
    return undefined;
  }

  const text = (bytes) => (bytes ? new TextDecoder().decode(bytes) : "");

  const watched = new WeakSet();
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!(data instanceof Uint8Array)) return send.call(this, data);
    if (!watched.has(this)) {
      watched.add(this);
      this.addEventListener("message", ({ data: message }) => received(new Uint8Array(message)));
      this.addEventListener("close", () => (asked = running = false));
    }
    const rerun = field(data, FIELDS.rerun_script);
    if (rerun && !mayAsk(text(field(rerun, FIELDS.rerun_page)))) return undefined;
    return send.call(this, data);
  };

  // Streamlit asks for a run of this page: a control of the page that is being left has no say any more.
  function mayAsk(page) {
    if (following && step) step.page = page;
    else if (step?.page && !step.arrived && page !== step.page) {
      if (page === drawn) return false;
      step = null; // to a third page, by a way of Streamlit's own
    }
    return (asked = true);
  }

  function received(message) {
    const session = field(message, FIELDS.new_session);
    if (session) {
      asked = false;
      running = true;
      drawn = text(field(session, FIELDS.session_page));
      if (step && drawn === step.page) step.arrived = true;
      return;
    }
    const status = field(message, FIELDS.script_finished);
    if (status === undefined || status === FINISHED_EARLY_FOR_RERUN) return;
    running = false;
    if (!step || asked) return;
    const settled = step;
    setTimeout(() => { // once Streamlit itself has read this
      if (step !== settled || asked) return;
      if (step.page && drawn === step.page && !step.again) step = null;
      else follow();
    });
  }

  function follow() {
    if (step.tries++ === MOST_TRIES || performance.now() > step.until) return void (step = null);
    step.again = step.arrived = false;
    following = true;
    dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    following = false;
  }

  function begin() {
    step = { path: location.pathname, page: null, arrived: false, again: false, tries: 0, until: performance.now() + LONGEST_MS };
  }

  // Until the step's page is drawn the address is the step's, whatever messages of the page being left still come.
  const push = history.pushState.bind(history);
  for (const name of ["pushState", "replaceState"]) {
    const change = history[name].bind(history);
    history[name] = (state, unused, url) => {
      if (!step || performance.now() > step.until || url === undefined || url === null) return change(state, unused, url);
      const elsewhere = new URL(url, location.href).pathname !== step.path;
      if (!elsewhere && step.arrived) return change(state, unused, url);
      step.again ||= !elsewhere; // Streamlit now holds that page's filters for this one's
      return undefined;
    };
  }

  // Back and forth are steps too: Streamlit's own listener follows this one.
  addEventListener("popstate", (event) => {
    if (!event.isTrusted) return;
    begin();
    step.tries = 1;
    following = true;
    setTimeout(() => (following = false));
  }, true);

  window.llmtrackSteps = {
    go(address) {
      push({}, "", address);
      begin();
      follow();
    },
    // Whether Streamlit was asked for something that it has not drawn to the end.
    busy: () => asked || running,
  };
})();
