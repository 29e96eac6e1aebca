"""The bundle: everything in one folder, opened by its shipped part alone, and by nothing but the bytes it lists."""

import csv
import shutil

import numpy as np
import pandas as pd
import pytest
from bundles import DESCRIBED, HEADS, WORDS, write_bundle, write_task
from graph import ROOT
from ruamel.yaml import YAML
from shell import run
from transformers import AutoConfig, AutoTokenizer

from decant import decision, paths, runtime, tables
from decant.errors import BundleError, CacheError, ParityError
from decant.files import digest, read_json, write_json
from decant.heads import layout, probabilities
from decant.models import normalizer
from decant.shipped import golden
from decant.shipped.model import Model
from decant.text import clean
from stages import bundle as stage
from stages import prepare


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


FILES = ["config.json", "golden.json", "onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json"]

# --- what is in it ----------------------------------------------------------------------------------------------------


def test_the_bundle_holds_its_files_and_lists_them(bundle, workspace):
    found = sorted(str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file())
    assert found == sorted([*FILES, "decant.json"])
    record = read_json(bundle / "decant.json")
    assert record["files"] == {name: digest(bundle / name) for name in FILES}
    assert record["model_md5"] == digest(workspace / "models/demo/onnx/model_quantized.onnx", "md5")
    assert record["thresholds"] == {"scam": 0.9, "crypto": 0.6}
    assert record["max_length"] == 48
    assert record["heads"] == DESCRIBED
    assert record["decision"]["order"] == ["scam", "crypto"]


def test_the_same_inputs_give_the_same_bytes(bundle):
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    stage.main("demo")
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before


def test_other_runtimes_find_a_name_for_each_logit(bundle):
    config = read_json(bundle / "config.json")
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert config["problem_type"] == "multi_label_classification"
    names = ["honest", "scam", "crypto", "money", "urgency"]
    assert config["id2label"] == {str(index): name for index, name in enumerate(names)}
    assert config["label2id"] == {name: index for index, name in enumerate(names)}


def test_other_runtimes_find_heads_and_thresholds(bundle):
    config, record = read_json(bundle / "config.json"), read_json(bundle / "decant.json")
    assert config["thresholds"] == record["thresholds"] == {"scam": 0.9, "crypto": 0.6}
    assert config["heads"] == record["heads"] == DESCRIBED


def test_transformers_opens_it_and_reads_raw_text_as_the_bundle_does(bundle):
    tokenizer = AutoTokenizer.from_pretrained(str(bundle))
    opened = runtime.Bundle(bundle)
    assert read_json(bundle / "tokenizer_config.json")["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert tokenizer.model_max_length == 48
    for text in [*RAW, "hello " * 100]:
        given = tokenizer(text, truncation=True)
        assert given["input_ids"] == opened.model.tokenizer.encode(clean(text, opened.record["cleaning"])).ids
        assert list(given) == ["input_ids", "attention_mask"]
    config = AutoConfig.from_pretrained(str(bundle))
    assert config.id2label[1] == "scam"
    assert config.thresholds == {"scam": 0.9, "crypto": 0.6}


def test_the_record_says_what_the_bundle_was_made_of(bundle, workspace):
    record = read_json(bundle / "decant.json")
    assert record["rows"] == {"valid": tables.rows_sha256(paths.split_file("demo", "valid"))}
    assert set(record["params"]) == set(stage.Sections.model_fields)
    assert record["params"]["bundle"] == {"fuzz": 60, "max_differ": 0.01, "seed": 13}
    assert record["params"]["tokens"]["max_length"] == 48


def test_the_record_counts_what_is_read_in_another_way_without_our_code(workspace):
    write_task(workspace, ["hello", "airdrop &#35211; now"])
    tree = YAML().load((workspace / "params.yaml").read_text(encoding="utf-8"))
    tree["defaults"]["bundle"]["max_differ"] = 0.5
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)
    stage.main("demo")
    found = read_json(paths.bundle("demo") / "decant.json")["normalizer"]
    assert found["valid"] == {"n": 2, "differ": 1}
    assert found["fuzz"]["n"] == 60
    assert 0 < found["fuzz"]["differ"] < 60
    assert found["steps"] > 50
    assert any("entities of characters other than" in line for line in found["unexpressed"])


def test_too_many_raw_rows_that_are_read_in_another_way_stop_the_stage(workspace):
    write_task(workspace, ["hello", "airdrop &#35211; now"])
    words = r"demo: 1 of 2 raw valid texts \(50\.00%\) .*bundle\.max_differ allows 1\.00%\. What it leaves out: html: entities"
    with pytest.raises(ParityError, match=words):
        stage.main("demo")
    assert not paths.bundle("demo").exists()


def test_a_bundle_that_answers_its_golden_texts_in_another_way_stops_the_stage(workspace, monkeypatch):
    """Planted: logits that were written down of another text."""
    write_task(workspace)
    real = golden.vectors

    def swapped(bundle, texts):
        found = real(bundle, texts)
        monkeypatch.setattr(golden, "vectors", real)
        return [one | {"logits": found[1]["logits"]} for one in found]

    monkeypatch.setattr(golden, "vectors", swapped)
    with pytest.raises(BundleError, match=r"golden\.json: the logits of text 0 are"):
        stage.main("demo")
    assert not paths.bundle("demo").exists()


def test_no_commit_and_no_row_of_the_table_is_in_the_bundle(workspace):
    row = "the landlord of the seventh floor"
    write_task(workspace, [row])
    stage.main("demo")
    together = b"".join(file.read_bytes() for file in paths.bundle("demo").rglob("*.json"))
    assert b"seventh floor" not in together
    head = run(ROOT, "git", "rev-parse", "HEAD", check=False).stdout.strip()
    assert not head or head.encode() not in together


def test_a_single_softmax_head_is_a_plain_classifier():
    heads = layout({"kind": {"kind": "softmax", "labels": ["a", "b", "c"]}})
    config = stage.transformers_config({"encoder": {"model_type": "distilbert", "dim": 8}}, heads)
    assert config["architectures"] == ["DistilBertForSequenceClassification"]
    assert config["problem_type"] == "single_label_classification"


# --- what it answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer", "scam", "crypto", "urgency"),
    [
        pytest.param("claim airdrop airdrop", "scam", 0.9975, 0.1192, 0.25, id="scam"),
        pytest.param("btc hello", "crypto", 0.1192, 0.8808, 0.25, id="crypto"),
        pytest.param("airdrop airdrop btc now", "scam", 0.9975, 0.8808, 0.75, id="scam before crypto"),
        pytest.param("airdrop", "clean", 0.8808, 0.1192, 0.25, id="a scam below its threshold of 0.9"),
        pytest.param("", "clean", 0.1192, 0.1192, 0.25, id="no word at all"),
    ],
)
def test_the_answer_follows_rule_and_thresholds(bundle, text, answer, scam, crypto, urgency):
    found = runtime.Bundle(bundle).predict([text])[0]
    assert found["answer"] == answer
    assert found["heads"]["scam"]["scam"] == scam
    assert found["heads"]["topic"]["crypto"] == crypto
    assert found["heads"]["urgency"] == urgency
    assert sum(found["heads"]["scam"].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("rule", "thresholds", "answers"),
    [
        pytest.param({"rule": "argmax", "head": "scam"}, {}, ["honest", "scam", "honest"], id="argmax"),
        pytest.param(
            {"rule": "thresholds", "head": "topic"},
            {"crypto": 0.5, "money": 0.1},
            [["money"], ["money"], ["crypto", "money"]],
            id="thresholds",
        ),
        pytest.param(
            {"rule": "thresholds", "head": "topic"},
            {"crypto": 0.5, "money": 0.5},
            [[], [], ["crypto"]],
            id="none of them",
        ),
    ],
)
def test_other_rules_answer_too(bundle, rule, thresholds, answers):
    record = read_json(bundle / "decant.json")
    write_json(bundle / "decant.json", record | {"decision": rule, "thresholds": thresholds})
    found = runtime.Bundle(bundle).predict(["hello", "airdrop", "btc"])
    assert [one["answer"] for one in found] == answers


def test_no_text_no_answer(bundle):
    assert runtime.Bundle(bundle).predict([]) == []


def test_an_answer_does_not_depend_on_the_texts_beside_it(bundle):
    opened = runtime.Bundle(bundle)
    texts = ["airdrop airdrop", "hello " * 60, "btc"]
    np.testing.assert_array_equal(opened.logits(texts), np.stack([opened.logits([text])[0] for text in texts]))


def test_a_text_is_cut_at_the_length_of_training(bundle):
    opened = runtime.Bundle(bundle)
    assert len(opened.model.tokenizer.encode("hello " * 100).ids) == 48
    assert opened.predict(["hello " * 100 + "airdrop " * 9])[0]["answer"] == "clean"


def test_a_moved_bundle_answers_alike(bundle, tmp_path):
    before = runtime.Bundle(bundle).predict(WORDS)
    moved = shutil.copytree(bundle, tmp_path / "else" / "where")
    shutil.rmtree(tmp_path / "models")
    assert runtime.Bundle(moved).predict(WORDS) == before


RAW = [
    "AIR\u200bDROP &amp; <b>airdrop</b> now",
    "\U0001d41a\U0001d422\U0001d42b\U0001d41d\U0001d42b\U0001d428\U0001d429 \t\n  now",
    "&amp;lt;i&amp;gt;airdrop&amp;lt;/i&amp;gt; ｂｔｃ",
    "www.example.test/now @someone btc!!!!",
]


def test_raw_text_is_cleaned_as_the_prepare_stage_does(bundle, workspace):
    """The rows of the table go through prepare, the raw texts through the bundle: the logits must be the same."""
    (workspace / "data" / "raw" / "demo").mkdir(parents=True)
    with open(workspace / "data/raw/demo/posts.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "kind", "topics", "urgency", "handle", "time"])
        writer.writerows([str(row), text, "clean", "", "0.5", "@a", "2026-01-01"] for row, text in enumerate(RAW))
    prepare.main("demo")
    table = pd.read_parquet(paths.prepared("demo"))
    opened = runtime.Bundle(bundle)
    assert table["raw"].tolist() == RAW
    assert (table["raw"] != table["text"]).sum() == 3
    np.testing.assert_array_equal(opened.logits(RAW), opened.model.logits(table["text"].tolist()))
    plain = Model(bundle / "onnx/model_quantized.onnx", workspace / "models/demo/student/tokenizer.json", 48)
    assert not np.array_equal(opened.logits(RAW), plain.logits(RAW)), "texts that need no cleaning would prove nothing"
    # the tokenizer of the bundle cleans by itself, for those who do not call clean
    np.testing.assert_array_equal(opened.logits(RAW), opened.model.logits(RAW))
    settings = read_json(bundle / "decant.json")["cleaning"]
    assert [clean(text, settings) for text in RAW] == table["text"].tolist()


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.bad_input
def test_a_folder_that_is_no_bundle_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"nothing: no decant\.json, so this is not a bundle"):
        runtime.Bundle(tmp_path / "nothing")


@pytest.mark.bad_input
def test_a_bundle_without_its_record_is_refused(bundle):
    (bundle / "decant.json").unlink()
    with pytest.raises(BundleError, match=r"no decant\.json, so this is not a bundle\. Build one with dvc repro"):
        runtime.Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="cut off"),
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content.replace(b"honest", b"hon\xff\xfet"), id="not UTF-8"),
        pytest.param(lambda content: b"[1]", id="no object"),
        pytest.param(lambda content: content.replace(b'"files"', b'"filed"'), id="without its files"),
    ],
)
def test_a_broken_record_is_refused(bundle, damage):
    content = (bundle / "decant.json").read_bytes()
    (bundle / "decant.json").write_bytes(damage(content))
    assert damage(content) != content
    with pytest.raises(BundleError, match=r"decant\.json: .*[Bb]uild the bundle again|decant\.json: format"):
        runtime.Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("number", [2, 0, "1", None], ids=repr)
def test_another_format_is_refused(bundle, number):
    record = read_json(bundle / "decant.json")
    write_json(bundle / "decant.json", record | {"format": number})
    with pytest.raises(BundleError, match=rf"format {number!r}, this version of decant reads 1"):
        runtime.Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=rf"{name}: missing\. Copy the whole folder"):
        runtime.Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_noticed(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    words = rf"{name}: sha256 {digest(bundle / name)[:12]}…, decant\.json lists .*changed after bundling"
    with pytest.raises(BundleError, match=words):
        runtime.Bundle(bundle)


def test_a_bundle_that_changes_cleaned_text_stops_the_stage(workspace, monkeypatch):
    """Planted: a runtime whose cleaning is not the table's."""
    write_task(workspace, ["hello airdrop"])
    monkeypatch.setattr(runtime, "clean", lambda text, settings: clean(text, settings) + " now")
    with pytest.raises(ParityError, match=r"demo: the bundle and the student model differ by 5\.00e-01 on valid texts"):
        stage.main("demo")
    assert not (workspace / "models" / "demo" / "bundle").exists()


def test_a_bundle_with_another_tokenizer_stops_the_stage(workspace, monkeypatch):
    """Planted: a copy of the tokenizer in which two words have changed places."""
    write_task(workspace, ["hello airdrop"])
    real = normalizer.install

    def swapped(source, target, cleaning):
        compiled = real(source, target, cleaning)
        content = read_json(target)
        words = content["model"]["vocab"]
        words["hello"], words["btc"] = words["btc"], words["hello"]
        write_json(target, content)
        return compiled

    monkeypatch.setattr(normalizer, "install", swapped)
    with pytest.raises(
        ParityError, match=r"demo: \d+ of 60 texts of fuzz that are clean already are read in another way"
    ):
        stage.main("demo")
    assert not (workspace / "models" / "demo" / "bundle").exists()


def test_a_failed_build_leaves_the_old_bundle_in_place(bundle, workspace, monkeypatch):
    before = digest(bundle / "decant.json")
    monkeypatch.setattr(runtime, "clean", lambda text, settings: text + " now")
    with pytest.raises(ParityError, match="differ by"):
        stage.main("demo")
    assert digest(bundle / "decant.json") == before
    assert [path.name for path in (workspace / "models" / "demo").glob("*bundle*")] == ["bundle"]


def test_missing_thresholds_stop_the_stage(workspace):
    write_task(workspace)
    (workspace / "models" / "demo" / "thresholds.json").unlink()
    with pytest.raises(CacheError, match=r"thresholds\.json: missing"):
        stage.main("demo")


def test_the_runtime_decides_as_the_metrics_do(bundle):
    """evaluate applies decision.decide to the bundle's logits; predict must give the same answers."""
    opened = runtime.Bundle(bundle)
    texts = [f"{one} {two} {three}" for one in WORDS for two in WORDS for three in WORDS]
    chances = probabilities(opened.logits(texts), HEADS)
    answers = decision.decide(opened.rule, HEADS, chances, opened.thresholds)
    names = np.array(decision.classes(opened.rule, HEADS))
    assert [one["answer"] for one in opened.predict(texts)] == names[answers.argmax(axis=1)].tolist()
    assert set(names[answers.argmax(axis=1)]) == {"scam", "crypto", "clean"}
