/**
 * What is shown: built from text alone, never from markup, for labels and texts come from anywhere.
 *
 * @typedef {import("./decision.js").Head} Head
 * @typedef {import("./decision.js").Rule} Rule
 * @typedef {import("./decision.js").Thresholds} Thresholds
 */

const FEW = 8; // labels that are shown in their own order; more are sorted, and folded after these
const STEPS = 1000; // of a threshold

/** A place of index.html. @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
export function at(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {number} value @param {number} digits after the point */
export const figure = (value, digits = 3) => value.toFixed(digits);

/** @param {number} count */
export const whole = (count) => count.toLocaleString("en-US");

/** @param {string | string[]} answer */
export const shown = (answer) => (typeof answer === "string" ? answer : answer.join(", ") || "none");

/**
 * The bars of every head, with a mark for each threshold; returns what brings them up to date.
 *
 * @param {HTMLElement} parent @param {Head[]} heads @param {Thresholds} shipped the labels that have a threshold
 * @param {(label: string, threshold: number) => void} change
 */
export function bars(parent, heads, shipped, change) {
  const marked = new Set(shipped.keys());
  const blocks = heads.map((head) => {
    const items = head.labels.map((label, place) =>
      bar(head, label, place, marked.delete(label) ? (shipped.get(label) ?? null) : null, change));
    const number = make("b", { class: "number" });
    const list = make("ol", { class: "bars" }, ...items.map(({ item }) => item));
    const title = make("h3", {}, head.name, ...(head.labels.length ? [] : [number]));
    const block = make("section", { class: "head" }, title, list);
    if (items.length > FEW) block.append(folding(list, items.length));
    parent.append(block);
    return { head, items, number, list };
  });
  return (/** @type {number[] | null} */ chances, /** @type {Thresholds} */ thresholds) => {
    for (const { head, items, number, list } of blocks) {
      const own = chances?.slice(head.start, head.stop);
      number.textContent = own && !head.labels.length ? figure(own[0], 2) : "";
      const over = own && head.labels.some((label, place) => shipped.has(label) && own[place] >= (thresholds.get(label) ?? NaN));
      const top = own && !over ? Math.max(...own) : Infinity; // holds where no threshold of the head is reached
      for (const one of items) one.update(own ? own[one.place] : null, top, thresholds);
      if (items.length <= FEW || !own || list.contains(document.activeElement)) continue; // what is held stays in its place
      list.append(...items.toSorted((a, b) => own[b.place] - own[a.place]).map(({ item }) => item));
    }
  };
}

/**
 * @param {Head} head @param {string} label @param {number} place @param {number | null} shipped its threshold, where it has one
 * @param {(label: string, threshold: number) => void} change
 */
function bar(head, label, place, shipped, change) {
  const [fill, value] = [make("span", { class: "fill" }), make("span", { class: "value" })];
  const track = make("span", { class: "track" }, fill);
  const item = make("li", {}, make("span", { class: "label" }, label), track, value);
  const steps = { type: "range", min: "0", max: "1", step: String(1 / STEPS) };
  const mark = make("input", { ...steps, "aria-label": `threshold of ${label}` });
  if (shipped !== null) {
    const home = make("span", { class: "home" });
    home.style.left = `${100 * shipped}%`;
    track.append(home, mark);
    mark.addEventListener("input", () => change(label, mark.valueAsNumber));
  }
  const update = (/** @type {number | null} */ chance, /** @type {number} */ top, /** @type {Thresholds} */ thresholds) => {
    fill.style.width = `${100 * (chance ?? 0)}%`;
    value.textContent = chance === null ? "" : figure(chance);
    const least = shipped !== null ? (thresholds.get(label) ?? shipped) : head.kind === "softmax" ? top : 0.5;
    const reached = chance !== null && chance >= least;
    item.classList.toggle("reached", reached);
    if (shipped === null) return;
    mark.value = String(least);
    const said = chance === null ? "" : `, ${label} ${reached ? "reaches it" : "is below"}`;
    mark.setAttribute("aria-valuetext", figure(least) + said);
    item.title = `threshold ${figure(least)}`;
  };
  return { item, place, update };
}

/** @param {HTMLElement} list @param {number} count */
function folding(list, count) {
  const button = make("button", { type: "button", class: "plain", "aria-expanded": "false" }, `All ${count}`);
  list.classList.add("folded");
  button.addEventListener("click", () => {
    const folded = list.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
    button.textContent = folded ? `All ${count}` : `The first ${FEW}`;
  });
  return button;
}

/**
 * The text with its words marked, and the strongest of them; returns how many have an effect.
 * @param {string} text @param {import("./words.js").Moved[]} moved @param {HTMLElement} read @param {HTMLElement} list
 */
export function words(text, moved, read, list) {
  const most = Math.max(0.02, ...moved.map(({ effect }) => Math.abs(effect))); // less is no difference, and stays pale
  const parts = [];
  let end = 0;
  for (const one of moved) {
    const mark = make("mark", { class: one.effect < 0 ? "against" : "for", title: signed(one.effect) }, one.word);
    mark.style.setProperty("--strength", String(Math.abs(one.effect) / most));
    parts.push(text.slice(end, one.start), mark);
    end = one.end;
  }
  read.replaceChildren(...parts, text.slice(end));
  const strongest = moved.filter(({ effect }) => Math.abs(effect) >= 0.0005);
  strongest.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  list.replaceChildren(...strongest.slice(0, 6).map(({ word, effect }) => {
    const fill = make("span", { class: effect < 0 ? "fill against" : "fill" });
    fill.style.width = `${(100 * Math.abs(effect)) / most}%`;
    const [label, value] = [make("span", { class: "label" }, word), make("span", { class: "value" }, signed(effect))];
    return make("li", {}, label, make("span", { class: "track" }, fill), value);
  }));
  return strongest.length;
}

/**
 * The rows of a table, each to be chosen. @param {HTMLElement} body
 * @param {{text: string, answer: string | string[], score: number}[]} rows @param {number} chosen
 * @param {(place: number) => void} choose
 */
export function table(body, rows, chosen, choose) {
  const held = body.contains(document.activeElement);
  const picks = rows.map(({ text }, place) => {
    const pick = make("button", { type: "button", class: "pick", "aria-pressed": String(place === chosen) }, text);
    pick.addEventListener("click", () => {
      picks.forEach((one) => one.setAttribute("aria-pressed", String(one === pick)));
      choose(place);
    });
    return pick;
  });
  body.replaceChildren(...rows.map(({ answer, score }, place) =>
    make("tr", {}, make("td", {}, picks[place]), make("td", {}, shown(answer)), make("td", {}, figure(score)))));
  if (held) picks[chosen]?.focus();
}

/** How often each answer is given. @param {HTMLElement} parent @param {(string | string[])[]} answers */
export function tally(parent, answers) {
  /** @type {Map<string | null, number>} null: none, which may be a label too */
  const counts = new Map();
  for (const answer of answers) {
    for (const name of typeof answer === "string" ? [answer] : answer.length ? answer : [null]) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  parent.replaceChildren(...sorted.map(([name, count]) =>
    make("span", { class: "chip" }, make("bdi", {}, name ?? "none"), " ", make("b", {}, whole(count)))));
}

/** @param {number} effect */
const signed = (effect) => (effect < 0 ? "\u2212" : "+") + figure(Math.abs(effect));

/** Pairs of a term and what it is. @param {HTMLElement} parent @param {[string, string][]} pairs */
export function facts(parent, pairs) {
  parent.replaceChildren(...pairs.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))));
}
