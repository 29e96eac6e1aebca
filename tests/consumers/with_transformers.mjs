// transformers.js over a bundle: reads {folder, dtype, texts} as JSON on standard input, writes [{ids, logits}], one text at
// a time: padding would change the numbers of dynamic int8.
import { basename, dirname, resolve } from "node:path";
import { json } from "node:stream/consumers";
import { AutoModelForSequenceClassification, AutoTokenizer, Tensor, env } from "@huggingface/transformers";

const { folder, dtype, texts } = await json(process.stdin);
env.allowRemoteModels = false;
env.localModelPath = dirname(resolve(folder));
const name = basename(folder);
const tokenizer = await AutoTokenizer.from_pretrained(name);
const model = await AutoModelForSequenceClassification.from_pretrained(name, {
  dtype,
  session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
});
const given = [];
for (const text of texts) {
  const whole = tokenizer.encode(text);
  // with truncation: true it would drop the last token, [SEP], of a text that is too long
  const cut = whole.length > tokenizer.model_max_length;
  const ids = cut ? [...whole.slice(0, tokenizer.model_max_length - 1), whole.at(-1)] : whole;
  const shape = [1, ids.length];
  const { logits } = await model({
    input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape),
  });
  given.push({ ids, logits: [...logits.data] });
}
process.stdout.write(JSON.stringify(given));
