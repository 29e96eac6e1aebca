/**
 * A bundle, opened in the browser: texts in, logits out, one at a time. Nothing here touches the page.
 *
 * @typedef {{task: string, max_length: number, heads: Record<string, import("./decision.js").Described>,
 *   decision: import("./decision.js").Rule, thresholds: Record<string, number>, files: Record<string, string>,
 *   runtime?: Partial<typeof RUNTIME>}} Bundled
 * @typedef {{text: string, ids: number[], logits: number[], answer: string | string[]}} Golden
 * @typedef {{windows: number[][], cut: number, logits: number[], ms: number}} Reading
 */
import * as ort from "./vendor/onnxruntime.mjs";
import { Tokenizer } from "./vendor/tokenizers.mjs";

const MODEL = "onnx/model_quantized.onnx";
const TOKENIZER = "tokenizer.json";
const GOLDEN = "golden.json";
const RUNTIME = { max_characters: 20_000, long_texts: "cut", overlap: 16 }; // of bundles that record none

export class Classifier {
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  #session;
  #tokenizer;
  #before;
  #after;

  /**
   * @param {Bundled} record @param {ort.InferenceSession} session @param {Tokenizer} tokenizer @param {Golden[]} golden
   * @param {number} bytes of the model
   */
  constructor(record, session, tokenizer, golden, bytes) {
    this.record = record;
    this.runtime = { ...RUNTIME, ...record.runtime };
    this.bytes = bytes;
    this.golden = golden;
    this.#session = session;
    this.#tokenizer = tokenizer;
    // what the tokenizer sets around every text, such as [CLS] and [SEP]; a text that is cut keeps both
    const whole = tokenizer.encode("a").ids;
    const bare = tokenizer.encode("a", { add_special_tokens: false }).ids;
    const start = whole.indexOf(bare[0]);
    this.#before = whole.slice(0, start);
    this.#after = whole.slice(start + bare.length);
  }

  /** Token ids of a raw text, a list for each window that is read, and how many tokens are not. @param {string} text */
  encode(text) {
    const ids = this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
    const room = this.record.max_length - this.#before.length - this.#after.length;
    const chunked = this.runtime.long_texts === "chunk";
    const windows = [];
    for (let start = 0; ; start += room - this.runtime.overlap) {
      windows.push([...this.#before, ...ids.slice(start, start + room), ...this.#after]);
      if (!chunked || start + room >= ids.length) break;
    }
    return { windows, cut: chunked ? 0 : Math.max(0, ids.length - room) };
  }

  /** The logits of a raw text; of several windows, their mean. @param {string} text @returns {Promise<Reading>} */
  read(text) {
    const next = this.#last.then(async () => {
      const started = performance.now();
      const { windows, cut } = this.encode(text);
      /** @type {number[][]} */
      const rows = [];
      for (const ids of windows) rows.push(await this.#run(ids));
      const logits = rows[0].map((_, place) => rows.reduce((sum, row) => sum + row[place], 0) / rows.length);
      return { windows, cut, logits, ms: performance.now() - started };
    });
    this.#last = next.catch(() => {}); // texts wait for one another: a session runs one
    return next;
  }

  /** @param {number[]} ids */
  async #run(ids) {
    const size = [1, ids.length];
    const output = await this.#session.run({
      input_ids: new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), size),
      attention_mask: new ort.Tensor("int64", new BigInt64Array(ids.length).fill(1n), size),
    });
    return Array.from(/** @type {Float32Array} */ (output.logits.data));
  }

  /** Why a text cannot be read, or nothing. @param {string} text */
  refusal(text) {
    const most = this.runtime.max_characters;
    if ([...text].length > most) return `Longer than ${most.toLocaleString("en-US")} characters: cut it.`;
    return text.isWellFormed() ? "" : "Holds half a character: paste it again from where it came.";
  }
}

/** Fetches everything, checks it against the bundle's own list, and opens it. @param {string} folder ends with / */
export async function open(folder) {
  // asked for anew, so that a browser that keeps some files does not mix two bundles; one that is kept whole is kept offline
  const fetched = (/** @type {string} */ name) => fetch(folder + name, { cache: "no-cache" }).then((response) => {
    if (!response.ok) throw new Error(`${folder}${name}: status ${response.status}. Copy the whole folder again.`);
    return response.arrayBuffer();
  });
  const wasm = new URL("vendor/onnxruntime.wasm", document.baseURI).href;
  ort.env.wasm.wasmPaths = { wasm };
  ort.env.wasm.numThreads = 1; // more would ask the server for headers that few static hosts can set
  const [listed, model, tokenizer] = await Promise.all(["decant.json", MODEL, TOKENIZER].map(fetched));
  /** @type {Bundled} */
  const record = parsed(listed);
  const golden = GOLDEN in record.files ? await fetched(GOLDEN) : undefined;
  await Promise.all(Object.entries({ [MODEL]: model, [TOKENIZER]: tokenizer, [GOLDEN]: golden }).map(async ([name, bytes]) => {
    if (bytes && (await sha256(bytes)) !== record.files[name]) {
      throw new Error(`${folder}${name}: not the file that decant.json lists. Copy the whole folder again.`);
    }
  }));
  const bytes = model.byteLength;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const known = golden ? parsed(golden).texts : [];
  const classifier = new Classifier(record, session, new Tokenizer(parsed(tokenizer), {}), known, bytes);
  await classifier.read("a"); // the first run plans memory, and takes ten times as long
  return classifier;
}

/** @param {ArrayBuffer} bytes */
function parsed(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** @param {ArrayBuffer} bytes */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
