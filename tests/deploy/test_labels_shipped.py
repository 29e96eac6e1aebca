"""Labels that are any texts leave the bundle as they are: from Python, over HTTP, in tables, and in the page."""

import csv
import json
import sys

import labelled
import pandas as pd
import pytest
import webpages
from graph import ROOT
from labelled import LABELS, RULES, text_of
from playwright.sync_api import sync_playwright
from prometheus_client.parser import text_string_to_metric_families
from shell import ENVIRONMENT, run
from starlette.testclient import TestClient

from decant.__main__ import main
from decant.data import formulas
from decant.data.answered import parted
from decant.deploy import browser, measures
from decant.deploy.service import Limits, create_app
from decant.errors import BundleError
from decant.runtime import Bundle

TEXTS = [text_of(label) for label in LABELS]
NONE, SEVERAL = "u v", "a k l"  # no label is likely; the first two are


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle for each rule."""
    folder = tmp_path_factory.mktemp("labelled")
    tiny = webpages.tiny_bundle(folder / "tiny")
    return {rule: labelled.write(tiny, folder / rule, rule) for rule in RULES}


def names(answer: str | list[str]) -> list[str]:
    return [answer] if isinstance(answer, str) else answer


@pytest.mark.parametrize("rule", RULES)
def test_the_bundle_answers_by_each_label(made, rule):
    found = Bundle(made[rule]).predict(TEXTS)
    assert [names(one["answer"]) for one in found] == [[label] for label in LABELS]
    assert all(list(one["heads"]["kind"]) == LABELS for one in found)


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=RULES)
def client(made, request):
    with TestClient(create_app(Bundle(made[request.param]), Limits(), None)) as client:
        client.rule = request.param
        yield client


def test_the_service_answers_lists_and_documents_each_label(client, made):
    response = client.post("/predict", json={"texts": [*TEXTS, SEVERAL], "explain": False})
    given = json.loads(response.content)["predictions"]
    assert given == Bundle(made[client.rule]).predict([*TEXTS, SEVERAL])
    assert [names(one["answer"]) for one in given[:-1]] == [[label] for label in LABELS]
    told = client.get("/labels").json()
    assert told["answers"] == told["heads"]["kind"]["labels"] == LABELS
    assert list(told["thresholds"]) == list(Bundle(made[client.rule]).thresholds)
    schema = client.get("/openapi.json").json()
    content = schema["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    assert list(content["example"]["predictions"][0]["heads"]["kind"]) == LABELS


def counted(exposition: str) -> dict[str, float]:
    """Label -> how often it was answered, as a reader of Prometheus' format finds it."""
    return {
        sample.labels["answer"]: sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == "decant_answers_total"
    }


def test_each_label_has_a_counter_of_its_own(client):
    client.post("/predict", json={"texts": [*TEXTS, TEXTS[0]]})
    assert counted(client.get("/metrics").text) == {label: 1 + (label == LABELS[0]) for label in LABELS}


COUNT = """
import json, sys
from decant.deploy.measures import Measures
measures = Measures({"task": "t", "model_md5": "m"})
measures.predictions([{"answer": label} for label in json.loads(sys.argv[1])])
sys.stdout.buffer.write(measures.exposition())
"""


def test_the_counters_of_several_workers_keep_labels_apart(tmp_path):
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), measures.FOLDER: str(tmp_path)}
    said = [run(ROOT, sys.executable, "-c", COUNT, json.dumps(LABELS), environment=environment).stdout for _ in "12"]
    assert counted(said[0]) == dict.fromkeys(LABELS, 1)
    assert counted(said[1]) == dict.fromkeys(LABELS, 2)


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_a_scored_table_has_answers_and_a_column_for_each_label(made, tmp_path, monkeypatch, rule, suffix):
    monkeypatch.chdir(tmp_path)
    texts = [*TEXTS, SEVERAL, NONE]
    lines = [json.dumps({"post": text}) + "\n" for text in texts]
    (tmp_path / "texts.jsonl").write_text("".join(lines), encoding="utf-8")
    asked = ["texts.jsonl", "--text", "post", "--out", f"scored.{suffix}", "--workers", "1"]
    assert main(["predict", "--bundle", str(made[rule]), *asked]) == 0
    opened = Bundle(made[rule])
    wanted = [names(one["answer"]) for one in opened.predict(texts)]
    if suffix == "parquet":
        rows = pd.read_parquet("scored.parquet")
        columns, answers = list(rows), [[one] if opened.rule.single else list(one) for one in rows["answer"]]
    elif suffix == "jsonl":
        rows = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
        columns, answers = list(rows[0]), [names(row["answer"]) for row in rows]
    else:
        with open(f"scored.{suffix}", encoding="utf-8", newline="") as stream:
            columns, *rows = csv.reader(stream, delimiter="\t" if suffix == "tsv" else ",")
        plain = [formulas.plain(row[1]) for row in rows]
        answers = [[one] for one in plain] if opened.rule.single else [parted(one) for one in plain]
    assert columns == ["post", "answer", *(f"score_{label}" for label in LABELS)]
    assert answers == wanted


def test_lines_of_a_terminal_are_not_broken_by_a_label_and_obey_none(made, capsys):
    label = "two\nlines"
    assert main(["predict", "--bundle", str(made["argmax"]), text_of(label)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"two\\nlines\t{text_of(label)}"
    assert len(said) == 3
    assert "  two\\nlines 0." in said[1]


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(made, tmp_path_factory):
    """The page of each rule, opened."""
    folder = tmp_path_factory.mktemp("pages")
    for rule, bundle in made.items():
        browser.build(bundle, folder / rule, webpages.packages())
    with webpages.served(folder) as address, sync_playwright() as playwright:
        started = webpages.launched(playwright)
        opened = {rule: started.new_page() for rule in made}
        for rule, page in opened.items():
            page.errors = []
            page.on("pageerror", lambda error, page=page: page.errors.append(str(error)))
            page.goto(f"{address}{rule}/")
            page.wait_for_selector("html[data-ready]")
        yield opened
        started.close()


def fill(page, texts: list[str]) -> None:
    page.fill("#text", "\n".join(texts))
    page.wait_for_selector("#save:enabled" if len(texts) > 1 else "#words:not([hidden])[aria-busy=false]")


@pytest.mark.parametrize("rule", RULES)
def test_the_page_answers_by_each_label_and_shows_it(made, pages, rule):
    page, opened = pages[rule], Bundle(made[rule])
    fill(page, TEXTS)
    shown = page.locator("#body td:nth-child(2)").evaluate_all("(all) => all.map((one) => one.textContent)")
    assert shown == LABELS
    chips = page.locator("#tally .chip bdi").evaluate_all("(all) => all.map((one) => one.textContent)")
    assert sorted(chips) == sorted(LABELS)
    bars = page.locator(".bars .label").evaluate_all("(all) => all.map((one) => one.textContent)")
    assert sorted(bars) == sorted(LABELS)
    assert page.locator(".bars input[type=range]").count() == len(opened.thresholds)
    assert page.errors == []
    assert page.evaluate("document.querySelectorAll('main script, main b.number b, main bdi *, .label *').length") == 0


@pytest.mark.parametrize("rule", ["thresholds", "priority"])
@pytest.mark.parametrize("label", ["__proto__", "constructor", "toString", "10"])
def test_the_threshold_of_a_label_that_objects_have_is_moved_and_set_back(pages, rule, label):
    page = pages[rule]
    fill(page, [text_of(label)])
    page.evaluate("document.querySelector('.folded + button')?.click()")
    assert page.inner_text("#given") == label
    mark = page.get_by_label(f"threshold of {label}", exact=True)
    assert mark.input_value() == "0.6"
    mark.fill("1")
    assert page.inner_text("#given") == {"thresholds": "none", "priority": LABELS[-1]}[rule]
    page.click("#reset")
    assert page.inner_text("#given") == label
    assert mark.input_value() == "0.6"
    assert page.is_hidden("#reset")


@pytest.mark.parametrize("rule", RULES)
def test_the_download_has_each_answer_as_predict_writes_it(made, pages, rule, tmp_path):
    page, opened = pages[rule], Bundle(made[rule])
    texts = [*TEXTS, SEVERAL, NONE]
    fill(page, texts)
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["text", "answer", *(f"kind.{label}" for label in LABELS)]
    plain = [formulas.plain(row[1]) for row in rows]
    answers = [[one] for one in plain] if opened.rule.single else [parted(one) for one in plain]
    assert answers == [names(one["answer"]) for one in opened.predict(texts)]
    for row, one in zip(rows, opened.predict(texts), strict=True):
        assert [float(cell) for cell in row[2:]] == pytest.approx(list(one["heads"]["kind"].values()), abs=2e-4)


@pytest.mark.parametrize("heads", [["kind", "2"], ["10", "2"], ["01", "1"]])
def test_a_page_whose_heads_a_browser_would_put_in_another_order_is_not_built(made, tmp_path, heads):
    described = {name: {"kind": "sigmoid", "labels": [f"{name} {label}" for label in "ab"]} for name in heads}
    decision = {"rule": "argmax", "head": heads[-1]}
    bundle = webpages.changed(made["argmax"], tmp_path / "bundle", heads=described, decision=decision)
    with pytest.raises(BundleError, match=r"a browser reads the head '\d+' before all others, .*Rename it in"):
        browser.build(bundle, tmp_path / "page", webpages.packages())


@pytest.mark.parametrize("heads", [["2", "10", "kind"], ["01", "a", "1x"], ["kind"], ["4294967295", "1x"]])
def test_heads_in_the_order_of_a_browser_are_no_fault(heads):
    assert browser.displaced(heads) is None
