"""The page in Chromium answers as the bundle does in Python: ids, probabilities, decisions, words, rule by rule."""

import numpy as np
import pandas as pd
import pytest
import webpages
from playwright.sync_api import sync_playwright

from decant import decision
from decant.data import formulas
from decant.decision import Rule
from decant.deploy import browser
from decant.heads import layout, probabilities
from decant.runtime import Bundle
from decant.text import clean
from stages.demo import generate

RULES = {
    "priority": {},
    "argmax": {"decision": {"rule": "argmax", "head": "scam"}, "thresholds": {}},
    "thresholds": {"decision": {"rule": "thresholds", "head": "topic"}, "thresholds": {"crypto": 0.9, "money": 0.11}},
}
HARD = [
    "",
    "now",
    "airdrop " * 60,
    "ｂｔｃ AIRDROP",
    "btc,btc;btc",
    "Ünïcödé hello",
    "[SEP] btc [CLS]",
    "日本 btc",
    "😀 now now",
]
WORDS = ["claim the airdrop now", "hello", "btc now and hello btc", "salary"]
# as the browser pastes: Playwright types, an event a line, which takes seconds
PASTED = """(text) => {
  const box = document.getElementById("text");
  box.value = text;
  box.dispatchEvent(new Event("input"));
}"""
READ = """async (texts) => {
  const { read } = await import("./main.js");
  const all = [];
  for (const text of texts) all.push(await read(text));
  return all;
}"""


@pytest.fixture(scope="module")
def bundles_of(tmp_path_factory):
    """A bundle for every rule."""
    folder = tmp_path_factory.mktemp("bundles")
    made = webpages.tiny_bundle(folder / "made")
    return {rule: webpages.changed(made, folder / rule, **keys) for rule, keys in RULES.items()}


@pytest.fixture(scope="module")
def pages(bundles_of, tmp_path_factory):
    """The page of each rule, opened."""
    folder, cache = tmp_path_factory.mktemp("pages"), webpages.packages()
    for rule, bundle in bundles_of.items():
        browser.build(bundle, folder / rule, cache)
    with webpages.served(folder) as address, sync_playwright() as playwright:
        started = webpages.launched(playwright)
        opened = {rule: started.new_page() for rule in bundles_of}
        for rule, page in opened.items():
            page.goto(f"{address}{rule}/")
            page.wait_for_selector("html[data-ready]")
        yield opened
        started.close()


def posts(bundle: Bundle) -> list[str]:
    """Demo posts on one line each, with words that the tiny bundle knows, as its cleaning leaves them."""
    rng = np.random.default_rng(3)
    extra = ["airdrop", "btc", "now", "hello", "salary", ""]
    texts = [f"{row['text']} {extra[rng.integers(6)]} {extra[rng.integers(6)]}" for row in generate(300, 3, 0.0)]
    return [clean(text, bundle.record["cleaning"]) for text in texts]


@pytest.mark.parametrize("rule", RULES)
def test_a_few_hundred_pasted_lines_are_answered_as_in_python(pages, bundles_of, rule, tmp_path):
    bundle, page = Bundle(bundles_of[rule]), pages[rule]
    texts = posts(bundle)
    page.evaluate(PASTED, "\n".join(texts))
    page.wait_for_selector("#save:enabled")
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "demo.csv"
    download.value.save_as(tmp_path / "demo.csv")
    table = pd.read_csv(tmp_path / "demo.csv", keep_default_na=False)
    expected = bundle.predict(texts)
    answers = [row["answer"] for row in expected]
    assert table["answer"].tolist() == [answer if isinstance(answer, str) else "|".join(answer) for answer in answers]
    assert len(set(map(str, answers))) > 1
    chances = [
        [*row["heads"]["scam"].values(), *row["heads"]["topic"].values(), row["heads"]["urgency"]] for row in expected
    ]
    columns = ["scam.honest", "scam.scam", "topic.crypto", "topic.money", "urgency"]
    assert table.columns.tolist() == ["text", "answer", *columns]
    assert np.abs(table[columns].to_numpy() - np.array(chances)).max() <= 1.01e-4
    assert [formulas.plain(text) for text in table["text"]] == texts


@pytest.mark.parametrize("rule", RULES)
def test_hard_texts_have_the_ids_and_logits_of_python_and_a_cut_one_keeps_its_end(pages, bundles_of, rule):
    bundle = Bundle(bundles_of[rule])
    texts = [clean(text, bundle.record["cleaning"]) for text in HARD]
    found = pages[rule].evaluate(READ, texts)
    for text, row in zip(texts, found, strict=True):
        assert row["reading"]["windows"] == [bundle.model.tokenizer.encode(text).ids], text
        assert np.allclose(row["reading"]["logits"], bundle.logits([text])[0], atol=1e-5), text
        assert row["answer"] == bundle.predict([text])[0]["answer"], text
    cut = found[HARD.index("airdrop " * 60)]["reading"]
    (ids,) = cut["windows"]
    assert (len(ids), ids[-1], cut["cut"]) == (48, 3, 60 - 46)


@pytest.mark.parametrize("overlap", [0, 16, 45])
def test_a_long_text_is_read_in_the_windows_of_python_where_the_bundle_says_so(pages, bundles_of, overlap):
    tokenizer = Bundle(bundles_of["priority"]).model.tokenizer
    tokenizer.enable_truncation(48, stride=overlap)
    texts = [*WORDS, "", *(f"{'airdrop hello ' * (size // 2)}btc" for size in (44, 46, 47, 76, 78, 150))]
    found = pages["priority"].evaluate(
        """async ([texts, overlap]) => {
          const { classifier } = await import("./main.js");
          const before = classifier.runtime;
          classifier.runtime = { ...before, long_texts: "chunk", overlap };
          const all = [];
          for (const text of texts) all.push(await classifier.read(text));
          classifier.runtime = before;
          return all;
        }""",
        [texts, overlap],
    )
    for text, reading in zip(texts, found, strict=True):
        encoded = tokenizer.encode(text)
        windows = [encoded.ids, *(part.ids for part in encoded.overflowing)]
        assert reading["windows"] == windows, text
        session = Bundle(bundles_of["priority"]).model.session
        rows = [
            session.run(["logits"], {"input_ids": [ids], "attention_mask": [[1] * len(ids)]})[0][0] for ids in windows
        ]
        assert np.allclose(reading["logits"], np.mean(rows, axis=0), atol=1e-5), text
        assert reading["cut"] == 0
    assert len(found[-1]["windows"]) > 3


def logits() -> list[list[float]]:
    """Rows of logits: drawn, large ones, and many equal ones, whose labels tie."""
    rng = np.random.default_rng(5)
    ties = [[a, b, c, c, d] for a in (0, 1) for b in (0, 1) for c in (-1, 0) for d in (0.5, -2)]
    return [*rng.normal(0, 3, (200, 5)).tolist(), *(rng.normal(0, 300, (20, 5))).tolist(), *ties]


@pytest.mark.parametrize("threshold", [0.5, 0.2689414213699951, 0.0, 1.0])
@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "argmax", "head": "scam"},
        {"rule": "thresholds", "head": "topic"},
        {"rule": "priority", "order": ["scam", "crypto"], "otherwise": "clean"},
        {"rule": "priority", "order": ["money", "crypto", "honest"], "otherwise": "else"},
    ],
)
def test_heads_rules_and_ties_decide_as_in_python(pages, rule, threshold):
    heads = {"scam": {"kind": "softmax", "labels": ["honest", "scam"]},
             "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
             "urgency": {"kind": "regression", "labels": []}}  # fmt: skip
    placed, read = layout(heads), Rule.read(rule)
    names = decision.classes(read, placed)
    thresholds = dict.fromkeys(names, threshold)
    found = pages["priority"].evaluate(
        """async ([rows, described, rule, thresholds]) => {
          const { classes, decide, layout, probabilities, scores } = await import("./decision.js");
          const [heads, least] = [layout(described), new Map(Object.entries(thresholds))];
          return [classes(rule, heads), rows.map((row) => {
            const chances = probabilities(row, heads);
            return { chances, scores: scores(rule, heads, chances), answer: decide(rule, heads, chances, least) };
          })];
        }""",
        [logits(), heads, rule, thresholds],
    )
    assert found[0] == names
    chances = probabilities(np.array(logits()), placed)
    assert np.abs(np.array([row["chances"] for row in found[1]]) - chances).max() < 1e-14
    expected = decision.scores(read, placed, chances)
    assert np.abs(np.array([row["scores"] for row in found[1]]) - expected).max() < 1e-14
    # decided on the page's own probabilities: a tie must not hang on the last bit of an exponential
    own = np.array([row["chances"] for row in found[1]])
    for row, answer in zip(found[1], decision.decide(read, placed, own, thresholds), strict=True):
        said = [name for name, holds in zip(names, answer, strict=True) if holds]
        assert row["answer"] == (said[0] if read.single else said)


@pytest.mark.parametrize("rule", ["priority", "argmax"])
def test_the_effect_of_a_word_is_what_the_score_loses_without_it(pages, bundles_of, rule):
    bundle = Bundle(bundles_of[rule])
    for text in WORDS:
        rows = [text, *(text[:at].rstrip() + text[at + len(word) :] for at, word in words(text))]
        chances = probabilities(bundle.logits(rows), bundle.heads)
        scores = decision.scores(bundle.rule, bundle.heads, chances)
        column = int(decision.decide(bundle.rule, bundle.heads, chances[:1], bundle.thresholds)[0].argmax())
        page = pages[rule]
        page.fill("#text", "")
        page.fill("#text", text)
        page.wait_for_selector("#words:not([hidden])[aria-busy=false]")
        shown = [float(mark.get_attribute("title").replace("\u2212", "-")) for mark in page.locator("#read mark").all()]
        assert np.allclose(shown, scores[0, column] - scores[1:, column], atol=6e-4), text
        assert page.inner_text("#read") == text


def words(text: str) -> list[tuple[int, str]]:
    places, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        places.append((at, word))
        at += len(word)
    return places


def test_a_text_that_python_refuses_is_refused_with_its_reason(pages):
    found = pages["priority"].evaluate(
        """async () => {
          const { classifier } = await import("./main.js");
          const before = classifier.runtime;
          classifier.runtime = { ...before, max_characters: 10 };
          const texts = ["0123456789", "\\u{1f600}".repeat(10), "0123456789a", "half \\ud83d", "\\ud83d\\ude00"];
          const said = texts.map((text) => classifier.refusal(text));
          classifier.runtime = before;
          return said;
        }"""
    )
    assert found == [
        "",
        "",
        "Longer than 10 characters: cut it.",
        "Holds half a character: paste it again from where it came.",
        "",
    ]
