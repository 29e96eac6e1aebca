/**
 * From logits to the answer: decant/heads.py and decant/decision.py again, step by step, for one text.
 *
 * @typedef {{kind: "softmax" | "sigmoid" | "regression", labels: string[]}} Described
 * @typedef {{name: string, kind: Described["kind"], labels: string[], start: number, stop: number}} Head
 * @typedef {"argmax" | "thresholds" | "priority"} Way
 * @typedef {{rule: Way, head?: string | null, order?: string[], otherwise?: string | null}} Rule
 * @typedef {Map<string, number>} Thresholds of labels, which may be called `constructor` or `__proto__`
 */

/** The heads in order, each with its place in the logits. @param {Record<string, Described>} described @returns {Head[]} */
export function layout(described) {
  let start = 0;
  return Object.entries(described).map(([name, { kind, labels }]) => {
    const stop = start + (labels.length || 1);
    const head = { name, kind, labels, start, stop };
    start = stop;
    return head;
  });
}

/** Softmax, sigmoid or the number itself, per head. @param {ArrayLike<number>} logits @param {Head[]} heads */
export function probabilities(logits, heads) {
  return heads.flatMap((head) => {
    const own = Array.from(logits).slice(head.start, head.stop);
    if (head.kind === "regression") return own;
    if (head.kind === "sigmoid") {
      return own.map((logit) => {
        const small = Math.exp(-Math.abs(logit)); // cannot overflow, on either side
        return (logit >= 0 ? 1 : small) / (1 + small);
      });
    }
    const top = Math.max(...own);
    const powers = own.map((logit) => Math.exp(logit - top));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
}

/** The final answers, in order. @param {Rule} rule @param {Head[]} heads @returns {string[]} */
export function classes(rule, heads) {
  if (rule.rule === "priority") return [...(rule.order ?? []), rule.otherwise ?? ""];
  return named(heads, rule.head).labels;
}

/**
 * How likely each label is that the rule looks at, in its order.
 * @param {Rule} rule @param {Head[]} heads @param {number[]} chances
 */
export function evidence(rule, heads, chances) {
  if (rule.rule !== "priority") {
    const head = named(heads, rule.head);
    return chances.slice(head.start, head.stop);
  }
  return (rule.order ?? []).map((label) => {
    const head = /** @type {Head} */ (heads.find(({ labels }) => labels.includes(label)));
    return chances[head.start + head.labels.indexOf(label)];
  });
}

/**
 * How likely each final class is: under a priority rule a label counts only where none before it holds.
 * @param {Rule} rule @param {Head[]} heads @param {number[]} chances
 */
export function scores(rule, heads, chances) {
  const given = evidence(rule, heads, chances);
  if (rule.rule !== "priority") return given;
  let free = 1;
  const shares = given.map((chance) => {
    const share = chance * free;
    free *= 1 - chance;
    return share;
  });
  return [...shares, free];
}

/**
 * The answer: one class, or for `thresholds` every one that reaches its own.
 * @param {Rule} rule @param {Head[]} heads @param {number[]} chances @param {Thresholds} thresholds
 */
export function decide(rule, heads, chances, thresholds) {
  const given = evidence(rule, heads, chances);
  const names = classes(rule, heads);
  if (rule.rule === "argmax") return names[given.indexOf(Math.max(...given))];
  const reached = names.filter((name, place) => given[place] >= (thresholds.get(name) ?? NaN));
  return rule.rule === "thresholds" ? reached : (reached[0] ?? names[names.length - 1]);
}

/** @param {Head[]} heads @param {string | null | undefined} name */
function named(heads, name) {
  return /** @type {Head} */ (heads.find((head) => head.name === name));
}
