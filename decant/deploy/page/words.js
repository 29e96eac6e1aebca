/**
 * Which words moved a text to its answer: each is left out once, and what the answer's score loses is the word's effect.
 *
 * @typedef {{word: string, start: number, end: number, effect: number}} Moved
 */

// Han characters and kana, each of which is a word, then what stands between blanks, as Python names them
const HAN = "\\u2e80-\\u2fdf\\u3005-\\u3007\\u3021-\\u3029\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const KANA = "\\u3041-\\u309f\\u30a1-\\u30ff\\u31f0-\\u31ff\\uff66-\\uff9f";
const WORD = new RegExp(`[${HAN}${KANA}]|(?:[^\\s\\x1c-\\x1f\\x85${HAN}${KANA}]|\\ufeff)+`, "gu");
export const MOST = 200; // words: each costs a run of the model

/**
 * Yields the words in order. @param {string} text @param {number} score of the whole text
 * @param {(text: string) => Promise<number>} scored the same score for another text
 * @returns {AsyncGenerator<Moved>}
 */
export async function* moved(text, score, scored) {
  let count = 0;
  for (const match of text.matchAll(WORD)) {
    if (++count > MOST) return;
    const [start, end] = [match.index, match.index + match[0].length];
    yield { word: match[0], start, end, effect: score - (await scored(text.slice(0, start) + text.slice(end))) };
  }
}
