/**
 * Which words moved a text to its answer: each is left out once, and what the answer's score loses is the word's effect.
 *
 * @typedef {{word: string, start: number, end: number, effect: number}} Moved
 */

const WORD = /(?:[^\s\x1c-\x1f\x85]|\ufeff)+/gu; // what stands between blanks, as Python names them
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
