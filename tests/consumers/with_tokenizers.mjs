// @huggingface/tokenizers and ONNX Runtime over a bundle: node with_tokenizers.mjs node|web reads {folder, file, texts} as
// JSON on standard input, writes [{ids, logits}]. `web` is the WebAssembly that pages run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { Tokenizer } from "@huggingface/tokenizers";

const ort = await import(`onnxruntime-${process.argv[2]}`);
ort.env.wasm.numThreads = 1;
const { folder, file, texts } = await json(process.stdin);
const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const config = read("tokenizer_config.json");
const tokenizer = new Tokenizer(read("tokenizer.json"), config);
const session = await ort.InferenceSession.create(readFileSync(join(folder, "onnx", file)), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const given = [];
for (const text of texts) {
  const whole = tokenizer.encode(text).ids;
  const cut = whole.length > config.model_max_length; // it does not truncate; the last token, [SEP], stays
  const ids = cut ? [...whole.slice(0, config.model_max_length - 1), whole.at(-1)] : whole;
  const shape = [1, ids.length];
  const { logits } = await session.run({
    input_ids: new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new ort.Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape),
  });
  given.push({ ids, logits: [...logits.data] });
}
process.stdout.write(JSON.stringify(given));
