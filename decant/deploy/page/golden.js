/** The texts that came with the bundle, answered again here: does this browser answer as the machine that made it? */

/**
 * What differs, one entry a text. @param {import("./classifier.js").Classifier} classifier
 * @param {(logits: number[]) => string | string[]} decided the answer, by the thresholds that came along
 */
export async function differing(classifier, decided) {
  const found = [];
  for (const { text, answer } of classifier.golden) {
    const here = decided((await classifier.read(text)).logits);
    if (JSON.stringify(here) !== JSON.stringify(answer)) found.push({ text, answer, here });
    await new Promise((done) => setTimeout(done)); // whoever types meanwhile comes first
  }
  return found;
}
