"""The model card: what the hub reads of it, and what a reader needs to know before trusting the classifier."""

import json
from importlib import resources

import committed
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard import metadata_load

from decant import decision
from decant.errors import CacheError
from decant.files import slug
from decant.keys import STUDENT_INT8
from decant.settings.card import Card
from decant.settings.catalogue import Encoder
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.settings.params import read
from decant.verdict import card, holds, shapes

TASKS = committed.tasks()
GIVEN = Card.model_validate(
    {
        "license": "cc-by-nc-4.0",
        "language": ["en"],
        "datasets": [
            {"name": "EmpatheticDialogues", "hub": "owner/dialogues", "license": "cc-by-nc-4.0"},
            {"name": "Lemotif", "url": "https://github.com/xaliceli/lemotif", "license": "mit"},
        ],
        "intended_use": "Sorting posts for people who read them.",
        "out_of_scope": "Judging the people who wrote them.",
        "limits": ["Two annotators."],
        "contact": "maintainers@example.test",
    }
)


def sections(at_head, task: str, given: Card = GIVEN) -> card.About:
    """The sections of a committed task that a card needs, with a card of the tests."""
    p = read(task, at_head / "params.yaml")
    name = p.distil.encoder
    of_task = (p.decision, p.evaluate, p.heads, p.thresholds, p.tokens)
    return card.About(given, name, p.catalogue[name], *of_task)


def figures(at_head, task: str) -> dict[str, dict]:
    """The committed metrics in today's shape."""
    files = {name: at_head / "metrics" / task / f"{name}.json" for name in card.NEEDS}
    metrics = {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items()}
    metrics["test"] = metrics["test"] | shapes.contestants(metrics["test"])
    gate, limits = metrics["gate"], metrics["thresholds"]
    if "evidence" not in gate:
        evidence = {key: gate[key] for key in ("model_md5", "bundle_md5")}
        metrics["gate"] = {"verdict": gate["verdict"], "evidence": evidence, "gates": shapes.gates(gate)}
    metrics["thresholds"] = {
        name: {"classes": entry} if isinstance(entry, dict) and "classes" not in entry else entry
        for name, entry in limits.items()
    }
    return metrics


def keys_of(p) -> dict[str, str]:
    return {name: slug(name) for name in decision.classes(rule_of(p.decision), heads_of(p.heads))}


@pytest.fixture
def written(at_head):
    """Writes the card of a committed task. change(metrics): edits them before."""

    def write(task: str, given: Card = GIVEN, change=lambda metrics: None, **changed) -> str:
        p, metrics = sections(at_head, task, given)._replace(**changed), figures(at_head, task)
        change(metrics)
        return card.build(task, metrics, p, keys_of(p))

    return write


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


# --- what the hub reads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_the_hubs_own_library_reads_the_card_and_writes_it_again_byte_for_byte(written, at_head, tmp_path, task):
    text = written(task)
    assert str(ModelCard(text)) == text
    file = tmp_path / "README.md"
    file.write_text(text, encoding="utf-8")
    front = metadata_load(file)
    assert (front["license"], front["language"], front["datasets"]) == ("cc-by-nc-4.0", ["en"], ["owner/dialogues"])
    assert front["base_model"] == ["sentence-transformers/all-MiniLM-L6-v2"]
    assert set(front["metrics"]) == {one["type"] for one in front["model-index"][0]["results"][0]["metrics"]}
    assert text == written(task), "the same figures give the same bytes"


@pytest.mark.parametrize("task", TASKS)
def test_evaluation_results_are_the_tasks_own_measures_with_rows_and_intervals(written, at_head, task):
    p, test = sections(at_head, task), figures(at_head, task)["test"][STUDENT_INT8]
    found = {one.metric_name: one for one in card.read(written(task), "card.md").eval_results}
    wanted = {"argmax": ["macro F1", "accuracy"], "priority": ["macro F1", "accuracy"],
              "thresholds": ["micro AUC", "macro AUC", "macro F1"]}[p.decision.rule]  # fmt: skip
    assert list(found) == wanted + [f"false-positive rate of {label}" for label in p.thresholds.caps]
    f1 = found["macro F1"]
    assert f1.metric_value == pytest.approx(test["macro_f1"], abs=1e-4)
    assert f1.metric_args["low"] <= f1.metric_value <= f1.metric_args["high"]
    assert (f1.dataset_split, f1.dataset_args["n"], f1.dataset_name) == ("test", test["n"], "EmpatheticDialogues")
    for label in p.thresholds.caps:
        rate = found[f"false-positive rate of {label}"]
        assert rate.metric_value == pytest.approx(test["classes"][slug(label)]["fpr"], abs=1e-4)
        assert rate.metric_args["class"] == label


def test_the_rows_that_were_judged_are_named_where_the_figures_name_them(written):
    def judge(metrics):
        metrics["test"]["judged"] = {"n": 450, "rows_sha256": "ab12", "bundle_md5": "cd34"}
        metrics["gate"]["evidence"]["rows_sha256"] = "ab12"

    text = written("demo", change=judge)
    assert card.read(text, "card.md").eval_results[0].dataset_args == {"n": 450, "rows_sha256": "ab12"}
    assert "sha256 `ab12`" in section(text, "Use")


def test_what_nobody_has_said_is_said_to_be_unknown(written):
    text = written("demo", Card())
    front = card.read(text, "card.md").to_dict()
    assert front["license"] == "unknown"
    assert not {"language", "datasets", "license_name", "license_link"} & set(front)
    assert "`demo.card.intended_use`" in section(text, "Intended use")
    assert "`demo.card.out_of_scope`" in section(text, "Out of scope")
    assert "Nobody has named the data sets" in section(text, "Data")


def test_languages_of_the_card_are_codes_of_iso_639():
    """As a library that checks data cards for the hub knows them."""
    table = resources.files("datasets.utils.resources").joinpath("languages.json").read_text(encoding="utf-8")
    assert set(GIVEN.language) <= set(json.loads(table))


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        (["package:one", "hub:owner/name@abc", "hub:other/name"], ["owner/name"]),
        (["hub:owner/name"], ["owner/name"]),
        (["folder:models/own"], []),
    ],
)
def test_the_base_model_is_the_first_of_the_hub(sources, wanted):
    assert holds.base_models(Encoder(sources=sources, vocab_size=10, pooling="mean")) == wanted


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("---\nbase_model", "base_model", "no front matter"),
        ("license: cc-by-nc-4.0", "license: [", "not YAML"),
        ("value: 0.", "worth: 0.", "model_index"),
        ("- name: demo\n  results", "- results", "model_index"),
        ("model-index:\n- name: demo\n  results:", "model-index:\n- name: demo\n  result:", "model_index"),
    ],
)
def test_a_card_that_the_hub_could_not_read_is_refused(written, old, new, words):
    text = written("demo")
    assert old in text
    with pytest.raises(CacheError, match=words) as failure:
        card.read(text.replace(old, new), "metrics/demo/card.md")
    assert "metrics/demo/card.md" in str(failure.value)
    assert "dvc repro report" in str(failure.value)


# --- what a reader needs ----------------------------------------------------------------------------------------------


def test_use_and_what_it_is_not_for_are_those_of_the_owner(written):
    text = written("emotion")
    assert GIVEN.intended_use in section(text, "Intended use")
    assert GIVEN.out_of_scope in section(text, "Out of scope")
    assert "- Two annotators." in section(text, "Limits")
    assert text.rstrip().endswith("Wrong answers: maintainers@example.test")
    assert "- Lemotif (mit): https://github.com/xaliceli/lemotif" in section(text, "Data")
    assert "https://huggingface.co/datasets/owner/dialogues" in section(text, "Data")


def test_limits_name_rare_classes_small_groups_and_the_length_that_is_read(written):
    lines = section(written("scam"), "Limits")
    assert "Texts are cut to 96 tokens. 1.5% of the train texts are longer." in lines
    assert "length_0_40 (16)" in lines
    assert "Fewer than 30 test rows" not in lines  # 50, 63 and 101
    feelings = section(written("feelings"), "Limits")
    assert "jealous (" in feelings
    assert "anxious (" in feelings  # 19 of 221
    assert "happy (" not in feelings


def test_subgroups_come_worst_first_and_only_those_with_figures(written):
    rows = [row.split("|") for row in section(written("scam"), "Subgroups").splitlines() if row.startswith("| ")][1:]
    assert rows[0][1].strip() == "without_handle"
    assert [float(row[4]) for row in rows] == sorted(float(row[4]) for row in rows)
    assert "length_0_40" not in [row[1].strip() for row in rows]


def test_a_cap_that_no_threshold_holds_is_shown(written):
    def fail(metrics):
        metrics["thresholds"][STUDENT_INT8]["classes"]["scam"]["feasible"] = 0

    row = next(
        line for line in section(written("scam", change=fail), "What it answers").splitlines() if "| scam" in line
    )
    assert "2.0%" in row
    assert "**no**" in row
    assert "**no**" not in section(written("scam"), "What it answers")


def test_a_task_without_thresholds_has_no_table_of_them(written):
    assert "|" not in section(written("toxicity"), "What it answers")


@pytest.mark.parametrize("verdict", ["green", "amber", "red"])
def test_the_verdict_says_what_it_means(written, verdict):
    def judge(metrics):
        metrics["gate"]["verdict"] = verdict

    assert f"**{verdict}** ({holds.VERDICTS[verdict]})" in written("demo", change=judge)


@pytest.mark.parametrize("task", TASKS)
def test_each_class_has_a_row_with_its_label_and_each_measure_an_interval(written, at_head, task):
    p = sections(at_head, task)
    lines = section(written(task), "Quality on").splitlines()
    for label in keys_of(p):
        assert sum(line.startswith(f"| {label} |") for line in lines) == 1
    measured = [line for line in lines if line.startswith(("| macro F1", "| micro AUC", "| accuracy"))]
    assert all(line.count(" to ") == 2 for line in measured)
    assert len(measured) >= 2


def test_coarse_groups_are_shown_where_a_task_has_them(written):
    assert "By its 8 coarse groups: accuracy 0." in section(written("emotion"), "Quality on")
    assert "coarse" not in section(written("toxicity"), "Quality on")


def test_an_encoder_from_nothing_has_no_base_model(written):
    own = Encoder.model_validate(
        {
            "scratch": {"layers": 1, "hidden_size": 8, "heads": 1, "intermediate_size": 8, "seed": 1},
            "vocab_size": 9,
            "pooling": "mean",
        }
    )
    text = written("demo", encoder=own)
    assert "base_model" not in card.read(text, "card.md").to_dict()
    assert "its layers come from" not in text
