// Streamlit locks the box when a message is sent, until it sees the end of the run which that began. Where the end of a
// fragment's run comes in the same moment, it sees only that one, and the box would stay locked until the page is loaded
// again. The end of another run of the page opens it.
import { isLocked, running } from "./page.js";

const LOOK_MS = 100;
const LOOKS = 5, LOOKS_BEFORE_A_RUN = 100; // a run that was asked for may begin late, and must not be disturbed then
let redraw = () => {}, seen = false, idle = 0, times = 0;

export function listen(onLocked) {
  redraw = onLocked;
}

function look() {
  if (!isLocked()) [seen, idle, times] = [false, 0, 0];
  else if (running()) [seen, idle] = [true, 0];
  else if (++idle >= (seen ? LOOKS : LOOKS_BEFORE_A_RUN) * 2 ** times) {
    [seen, idle] = [false, 0];
    times += 1; // a server that has much to do is not asked ever more
    redraw();
  }
}

export function wire() {
  setInterval(look, LOOK_MS);
}
