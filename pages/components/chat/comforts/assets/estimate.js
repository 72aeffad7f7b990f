// What the next message will cost, while it is typed: the prices come once with the page, tokens are estimated as
// `llmtrack/pricing/tokens.py` does it, and nothing is asked of the server. Money is counted in whole picodollars.
import { attached } from "./draft.js";
import { box } from "./page.js";

const PIECES = new RegExp(
  "([A-Za-z]+)|(\\p{Nd}+)|(\\s*\\n\\s*)" +
  "|([\\u1100-\\u11ff\\u3040-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\u{20000}-\\u{3134f}]+)" +
  "|([\\p{L}\\p{Nl}\\p{No}]+)|([^\\s\\p{L}\\p{N}_]+|_+)|([ \\t]{2,})",
  "gu",
);
const LONGEST = 65_536, PDF_PAGE = 2_000, BYTES_PER_PAGE = 50_000, BYTES_PER_TOKEN = 4;
const PICO = 1e12;
let quote = null;

export function tokensOf(text, weights) {
  let scale = 1, tokens = 0;
  if (text.length > LONGEST) {
    scale = text.length / LONGEST;
    text = text.slice(0, LONGEST / 2) + text.slice(-LONGEST / 2);
  }
  for (const [piece, word, number, line, ideographs, foreign, , blank] of text.matchAll(PIECES)) {
    const length = [...piece].length;
    if (word) tokens += weights.word + weights.letter * Math.max(0, length - 6);
    else if (number) tokens += Math.floor((length + 2) / 3);
    else if (line || blank) tokens += weights.line;
    else if (ideographs) tokens += weights.ideograph * length;
    else if (foreign) tokens += Math.max(1, weights.foreign * length);
    else tokens += weights.mark + weights.more_marks * (length - 1);
  }
  return tokens * scale;
}

function tokensOfFile({ name, size }, weights) {
  if (/\.(png|jpe?g|gif|webp)$/i.test(name)) return Math.ceil(weights.image);
  if (/\.pdf$/i.test(name)) return PDF_PAGE * Math.ceil(size / BYTES_PER_PAGE);
  return Math.ceil(size / BYTES_PER_TOKEN);
}

// As `pages/components/formatting.py` has it: six decimals below a cent, four below a dollar, then two.
export function dollars(pico) {
  if (!pico) return "$0.00";
  const decimals = pico < PICO / 100 ? 6 : pico < PICO ? 4 : 2, scale = 10 ** decimals, unit = PICO / scale;
  let units = Math.floor(pico / unit);
  const rest = 2 * (pico - units * unit);
  if (rest > unit || (rest === unit && units % 2)) units += 1; // half to even
  if (!units) return "<$0.000001";
  return `$${Math.floor(units / scale).toLocaleString("en-US")}.${String(units % scale).padStart(decimals, "0")}`;
}

const set = (name, text) =>
  document.querySelectorAll(`[data-quote=${name}]`).forEach((place) => place.textContent !== text && (place.textContent = text));

export function update() {
  if (!quote?.models.length || !document.querySelector("[data-quote=total]")) return;
  const text = box()?.value.trim() ?? "", files = attached();
  let real = 0, simulated = 0, message = 0, tokens = 0;
  for (const model of quote.models) {
    const ofFiles = files.reduce((sum, file) => sum + tokensOfFile(file, model.weights), 0);
    const typed = text || ofFiles ? Math.ceil(tokensOf(text, model.weights)) + ofFiles + model.weights.message : 0;
    const added = typed * model.input;
    tokens = Math.max(tokens, typed);
    message += added;
    if (model.simulated) simulated += model.standing + added;
    else real += model.standing + added;
  }
  const sums = [real ? dollars(real) : "", simulated ? `${dollars(simulated)} simulated` : ""].filter(Boolean);
  set("total", `≈\u00a0${(sums.length ? sums : [dollars(0)]).join(" + ")}`);
  set("sum", sums.join(" + ") || dollars(0));
  set("typed", `Your message, ${tokens.toLocaleString("en-US")}\u00a0tokens`);
  set("typed-cost", dollars(message));
}

export function prices(given) {
  quote = given;
  update();
}

export function wire() {
  document.addEventListener("input", (event) => event.target === box() && update(), true);
  const soon = () => setTimeout(update, 300);
  for (const name of ["change", "drop", "paste", "click"]) document.addEventListener(name, soon, true);
}
