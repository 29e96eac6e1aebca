/**
 * The page: reads what is in the box, and shows what the classifier makes of it.
 *
 * @typedef {import("./classifier.js").Reading} Reading
 * @typedef {{text: string, chances: number[], answer: string | string[], score: number, reading: Reading}} Row
 */
import { open } from "./classifier.js";
import { csv, download, joined } from "./csv.js";
import { classes, decide, evidence, layout, probabilities, scores } from "./decision.js";
import { differing } from "./golden.js";
import { keep } from "./keep.js";
import { at, bars, facts, figure, make, shown, table, tally, whole, words } from "./view.js";
import { MOST, moved } from "./words.js";

const SHOWN = 500; // rows of the table; the CSV has all
const PAUSE = 250; // milliseconds without a key before the words are asked for
const BREATH = 12; // milliseconds of work before the browser may draw

const [box, save, reset] = [at("text", HTMLTextAreaElement), at("save", HTMLButtonElement), at("reset", HTMLButtonElement)];
const [body, progress] = [at("body", HTMLElement), at("progress", HTMLProgressElement)];
const [given, why, aloud, panel] = ["given", "why", "aloud", "words"].map((id) => at(id, HTMLElement));
const [state, pace, as, cost] = ["state", "pace", "as", "facts"].map((id) => at(id, HTMLElement));
const [example, clear] = [at("example", HTMLButtonElement), at("clear", HTMLButtonElement)];

/** @param {Error} error @returns {never} */
function failed(error) {
  state.textContent = `The classifier stops here. ${error.message}`;
  state.classList.add("bad");
  throw error;
}

export const classifier = await open("bundle/").catch(failed);
const { record } = classifier;
const heads = layout(record.heads);
const rule = record.decision;
const names = classes(rule, heads);
const shipped = new Map(rule.rule === "argmax" ? [] : Object.entries(record.thresholds));
const thresholds = new Map(shipped);

let turn = 0; // of what is in the box: whoever began with an earlier one stops
/** @type {Row[]} */
let rows = [];
let chosen = 0; // the row whose bars and words are shown
/** @type {Map<string, Row>} */
let known = new Map(); // of the lines in the box: a line that did not change is not read again
/** @type {number | undefined} */
let waiting;

const lines = () => box.value.split("\n").filter((line) => line.trim());
const many = () => lines().length > 1 && at("lines", HTMLInputElement).checked;

/** @param {string} text @returns {Promise<Row>} */
export async function read(text) {
  const reading = await classifier.read(text);
  return decided({ text, reading, chances: probabilities(reading.logits, heads), answer: "", score: 0 });
}

/** The row with the answer that today's thresholds give. @param {Row} row */
function decided(row) {
  row.answer = decide(rule, heads, row.chances, thresholds);
  row.score = scores(rule, heads, row.chances)[asked(row)];
  return row;
}

/**
 * The class that the words are asked about: the likeliest answer; where there is none, the likeliest class.
 * @param {Row} row
 */
function asked({ answer, chances }) {
  const each = scores(rule, heads, chances);
  const said = new Set(typeof answer === "string" ? [answer] : answer.length ? answer : names);
  return names.reduce((best, name, place) => (said.has(name) && (best < 0 || each[place] > each[best]) ? place : best), -1);
}

/** What is in the box, read anew; ends when it is shown. */
export async function refresh() {
  const mine = ++turn;
  const [listed, number] = [many(), lines().length];
  const texts = listed ? lines() : box.value.trim() ? [box.value] : [];
  as.hidden = number < 2;
  at("count", HTMLElement).textContent = `${whole(number)} texts, one a line`;
  at("rows", HTMLElement).hidden = !listed;
  clear.hidden = !box.value;
  const refused = texts.map((text) => classifier.refusal(text));
  const first = refused.findIndex(Boolean);
  if (first >= 0) return blank((listed ? `Text ${first + 1}: ` : "") + refused[first]);
  if (!texts.length) return blank("");
  [progress.max, progress.value, progress.hidden, save.disabled] = [texts.length, 0, false, true];
  /** @type {Row[]} */
  const next = [];
  let breath = performance.now();
  for (const text of texts) {
    const row = known.get(text);
    next.push(row ? decided({ ...row }) : await read(text));
    if (mine !== turn) return;
    if (next.length === 1) replace(next);
    if (!listed || performance.now() - breath < BREATH) continue;
    progress.value = next.length;
    pace.textContent = `${whole(next.length)} of ${whole(texts.length)}`;
    await new Promise((done) => setTimeout(done));
    if (mine !== turn) return;
    breath = performance.now();
  }
  known = new Map(next.map((row) => [row.text, row]));
  replace(next);
  [progress.hidden, save.disabled] = [true, false];
  const each = next.reduce((sum, { reading }) => sum + reading.ms, 0) / next.length;
  const rest = next.length > SHOWN ? `; the first ${SHOWN} are shown, the CSV has all` : "";
  pace.textContent = `${figure(each, 1)} ms a text${rest}`;
}

/** @param {Row[]} next */
function replace(next) {
  rows = next;
  chosen = Math.min(chosen, rows.length - 1);
  if (many()) list();
  show();
}

/** Nothing to read, or nothing that may be read. @param {string} reason */
function blank(reason) {
  clearTimeout(waiting);
  [rows, chosen, known] = [[], 0, new Map()];
  given.textContent = reason ? "no answer" : "waiting for a text";
  given.classList.add("none");
  why.textContent = aloud.textContent = reason;
  cost.textContent = pace.textContent = "";
  [panel.hidden, progress.hidden, save.disabled] = [true, true, true];
  body.replaceChildren();
  at("tally", HTMLElement).replaceChildren();
  draw(null, thresholds);
}

/** The chosen row: answer, reason, bars, and in a while its words. */
function show() {
  const row = rows[chosen];
  given.textContent = shown(row.answer);
  given.classList.toggle("none", row.answer.length === 0);
  why.textContent = reason(row);
  const { windows, cut, ms } = row.reading;
  cost.textContent = `${windows.flat().length} tokens, ${figure(ms, 1)} ms`
    + (windows.length > 1 ? `; read in ${windows.length} parts` : "")
    + (cut ? `; the last ${cut} tokens are not read` : "");
  draw(row.chances, thresholds);
  panel.setAttribute("aria-busy", "true");
  clearTimeout(waiting);
  const mine = turn;
  waiting = setTimeout(() => explain(row, mine).catch(failed), PAUSE);
}

/** @param {Row} row */
function reason({ answer, chances, score }) {
  if (rule.rule === "argmax") return `the likeliest of ${names.length}, ${figure(score)}`;
  if (typeof answer !== "string") return `${answer.length} of ${names.length} labels reach their thresholds`;
  const place = (rule.order ?? []).indexOf(answer);
  if (place < 0) return "no label reaches its threshold";
  return `${figure(evidence(rule, heads, chances)[place])} reaches the threshold ${figure(thresholds.get(answer) ?? NaN)}`;
}

/** @param {Row} row @param {number} mine */
async function explain(row, mine) {
  const [column, { score }] = [asked(row), row];
  aloud.textContent = `${shown(row.answer)}: ${why.textContent}`;
  const scored = async (/** @type {string} */ text) =>
    scores(rule, heads, probabilities((await classifier.read(text)).logits, heads))[column];
  const found = [];
  for await (const one of moved(row.text, score, scored)) {
    if (mine !== turn || row !== rows[chosen] || column !== asked(row)) return;
    found.push(one);
  }
  const strong = words(row.text, found, at("read", HTMLElement), at("movers", HTMLElement));
  at("moved", HTMLElement).textContent = `What moved it to ${names[column]}`;
  at("legend", HTMLElement).textContent =
    (strong ? `What ${names[column]} loses from ${figure(score)} without the word.` : "No single word does.")
    + (found.length === MOST ? ` The first ${MOST} words.` : "");
  panel.hidden = false;
  panel.setAttribute("aria-busy", "false");
}

/** The table of all rows. */
function list() {
  table(body, rows.slice(0, SHOWN), chosen, (place) => {
    chosen = place;
    show();
  });
  tally(at("tally", HTMLElement), rows.map(({ answer }) => answer));
}

/** Thresholds have moved: the same readings, decided again. */
function again() {
  reset.hidden = [...shipped].every(([name, threshold]) => thresholds.get(name) === threshold);
  if (!rows.length) return draw(null, thresholds);
  rows.forEach(decided);
  if (many()) list();
  show();
}

function saved() {
  const columns = heads.flatMap(({ name, labels }) => (labels.length ? labels.map((label) => `${name}.${label}`) : [name]));
  const rounded = (/** @type {number} */ chance) => Number(figure(chance, 4));
  const cells = rows.map(({ text, answer, chances }) => [text, joined(answer), ...chances.map(rounded)]);
  download(csv([["text", "answer", ...columns], ...cells]), `${record.task}.csv`);
}

/** The bundle's own answers, again here. */
async function compare() {
  const all = classifier.golden.length;
  if (!all) return;
  const differ = await differing(classifier, (logits) => decide(rule, heads, probabilities(logits, heads), shipped));
  at("golden", HTMLElement).hidden = false;
  at("golden-said", HTMLElement).textContent =
    `${all - differ.length} of ${all} texts that came with the classifier are answered here as where it was made`;
  at("golden-differ", HTMLElement).replaceChildren(...differ.map(({ text, answer, here }) =>
    make("li", {}, make("bdi", {}, shown(answer)), ", here ", make("bdi", {}, shown(here)), ": ", make("q", {}, text.slice(0, 200)))));
}

const draw = bars(at("heads", HTMLElement), heads, shipped, (label, threshold) => {
  thresholds.set(label, threshold);
  again();
});
reset.addEventListener("click", () => {
  shipped.forEach((threshold, name) => thresholds.set(name, threshold));
  again();
});
const examples = classifier.golden.map(({ text }) => text).filter((text) => /^.*\S.*$/.test(text) && text.length < 280);
let upcoming = 0;
example.hidden = !examples.length;
example.addEventListener("click", () => {
  box.value = examples[upcoming++ % examples.length];
  refresh().catch(failed);
});
clear.addEventListener("click", () => {
  box.value = "";
  box.focus();
  refresh().catch(failed);
});
save.addEventListener("click", saved);
for (const input of [box, as]) input.addEventListener("input", () => refresh().catch(failed));

document.title = `${record.task}: classifier`;
at("task", HTMLElement).textContent = record.task;
at("marks", HTMLElement).hidden = !shipped.size;
facts(at("about-facts", HTMLElement), [
  ["answers", names.join(", ")],
  ["reads", `${classifier.runtime.long_texts === "cut" ? "the first " : ""}${record.max_length} tokens`],
  ["model", `${figure(classifier.bytes / 1e6, 1)} MB, sha256 ${record.files["onnx/model_quantized.onnx"].slice(0, 12)}`],
]);
at("about", HTMLElement).hidden = false;
keep(state);
await refresh();
document.documentElement.toggleAttribute("data-ready", true);
await compare();
