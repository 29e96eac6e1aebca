"""The baseline stage: folds, its files and tables, and the probe of an adapted encoder."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from ruamel.yaml import YAML
from safetensors.torch import load_file, save_file

from decant import paths, tables
from decant.errors import CacheError, DataError
from decant.files import read_json
from decant.heads import layout
from decant.members import ensemble, linear, scores
from decant.members.fitting import Candidate
from decant.members.linear import Tfidf, Vectorizer
from decant.settings import params
from stages import baseline, soften
from stages.baseline import folds
from stages.demo import generate

HEADS = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
)
STEPS = ("dapt", "intermediate", "contrastive")


@pytest.fixture
def arranged(workspace, tiny_encoder):
    """A function that lays out splits of 120, 40 and 40 posts, a published and another, adapted encoder, and params."""

    def arrange(step=None, **changes):
        entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
        tiny.shrink(workspace / "params.yaml", entry)
        tree = YAML(typ="safe", pure=True).load((workspace / "params.yaml").read_text(encoding="utf-8"))
        tree["demo"]["baseline"] = changes
        tree["demo"]["adapt"] = {step: {"on": True}} if step else {}
        tree["defaults"]["soften"]["members"] = ["linear", "probe"]
        with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
            YAML().dump(tree, file)
        for place in ("encoders", "adapted"):
            folder = workspace / "models" / "demo" / place / "tiny"
            shutil.copytree(tiny_encoder, folder, dirs_exist_ok=True)
            (folder / "encoder.json").write_text('{"pooling": "mean"}', encoding="utf-8")
        tiny.write_teacher(tiny_encoder, HEADS, workspace / "models" / "demo" / "teachers" / "tiny-13")
        weights = folder / "model.safetensors"
        noise = torch.Generator().manual_seed(1)
        changed = {
            name: one + 0.3 * torch.randn(one.shape, generator=noise) for name, one in load_file(weights).items()
        }
        save_file(changed, weights, {"format": "pt"})
        posts = generate(200, 6, 0.0)
        frame = pd.DataFrame({name: [post[name] for post in posts] for name in ("id", "text", "urgency")})
        frame["linear"] = frame["text"]
        frame["answer"] = frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in posts]
        for label in ("crypto", "money"):
            frame[f"topic.{label}"] = [label in post["topics"] for post in posts]
        (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
        for split, rows in (("train", slice(0, 120)), ("valid", slice(120, 160)), ("calib", slice(160, 200))):
            frame[rows].to_parquet(paths.split_file("demo", split))
        frame[["id", "text", "linear"]][:0].to_parquet(paths.unlabelled("demo"))

    return arrange


def written(workspace):
    files = [*(workspace / "models/demo/baseline").iterdir(), *(workspace / "metrics/demo").iterdir()]
    return {file.name: file.read_bytes() for file in sorted(files)}


# --- folds ------------------------------------------------------------------------------------------------------------


def test_folds_are_even_and_stratified_and_repeat():
    answers = np.eye(3, dtype=bool)[np.repeat([0, 1, 2], [60, 30, 10])]
    fold = folds(answers, 5, 13, "demo")
    np.testing.assert_array_equal(fold, folds(answers, 5, 13, "demo"))
    assert (fold != folds(answers, 5, 14, "demo")).any()
    for index in range(5):
        assert answers[fold == index].sum(axis=0).tolist() == [12, 6, 2]


def test_rare_combinations_share_a_stratum_instead_of_stopping_the_fit():
    answers = np.zeros((30, 4), dtype=bool)
    answers[:24, 0] = True
    answers[24:26, 1] = answers[26:28, 2] = answers[28:30, 3] = True  # three answers of two rows each, for three folds
    fold = folds(answers, 3, 13, "demo")
    assert np.bincount(fold).tolist() == [10, 10, 10]
    assert np.bincount(fold[24:]).tolist() == [2, 2, 2]


def test_fewer_rows_than_folds_are_refused():
    with pytest.raises(DataError, match=r"demo: train has 3 rows for 5 folds; lower demo\.baseline\.folds"):
        folds(np.ones((3, 1), dtype=bool), 5, 13, "demo")


# --- files and tables -------------------------------------------------------------------------------------------------


def test_every_candidate_is_in_the_table_and_the_winner_in_the_metrics(workspace, arranged):
    arranged(
        word_ngrams=[1, 2], char_ngrams=[0], max_df=[0.5, 1.0], strengths=[1.0, 10.0], penalties=["l2", "l1"],
        class_weights=["none", "balanced"], resampling=["none", "over"], probe_strengths=[0.01, 0.1],
    )  # fmt: skip
    baseline.main("demo")
    found = pd.read_csv("metrics/demo/baseline.csv", keep_default_na=False, dtype=str)
    keys = ["member", "head", "word_ngrams", "max_df", "C", "penalty", "class_weight", "resampling"]
    assert not found.duplicated(keys).any()
    counts = found.groupby(["member", "head"], sort=False).size().to_dict()
    assert counts == {
        ("linear", "scam"): 4 * 16, ("linear", "topic"): 4 * 16, ("linear", "urgency"): 4 * 2,
        ("probe", "scam"): 2, ("probe", "topic"): 2, ("probe", "urgency"): 2,
    }  # fmt: skip
    assert set(found["n"]) == {"120"}
    assert set(found.loc[found["member"] == "probe", "word_ngrams"]) == {""}
    record = read_json("metrics/demo/baseline.json")
    assert set(record) == {"n", "features", "vectorizer", "linear", "probe"}
    won = found[found["chosen"] == "True"]
    assert len(won) == 6
    for line in won.to_dict("records"):
        entry = record[line["member"]][line["head"]]
        shown = {key: round(value, 4) if isinstance(value, float) else value for key, value in entry.items()}
        assert {key: line[key] for key in entry} == {key: str(value) for key, value in shown.items()}
        if line["member"] == "linear":
            assert all(line[key] == str(value) for key, value in record["vectorizer"].items())
    # the best NLL of the winner's vectorizer
    same = found[(found["member"] == "linear") & (found["head"] == "scam")]
    for key, value in record["vectorizer"].items():
        same = same[same[key] == str(value)]
    assert same["nll"].astype(float).min() == round(record["linear"]["scam"]["nll"], 4)


def test_what_is_saved_is_the_winner_fitted_on_all_of_train(workspace, arranged):
    arranged(word_ngrams=[1, 2], min_df=[1, 2], resampling=["over"], penalties=["l1"])
    baseline.main("demo")
    record = read_json("metrics/demo/baseline.json")
    train = tables.load("demo", "train", HEADS)
    tfidf = Tfidf(Vectorizer(**record["vectorizer"]))
    features = tfidf.fit(train["linear"].tolist())
    assert record["features"] == features.shape[1]
    chosen = {
        head: Candidate(entry["C"], entry["penalty"], entry["class_weight"], entry["resampling"])
        for head, entry in record["linear"].items()
    }
    wanted = baseline.fit(features, tables.targets(train, HEADS), HEADS, chosen, 13, "demo").logits(features)
    np.testing.assert_array_equal(ensemble.linear_logits("demo", train["linear"].tolist()), wanted)


def test_two_runs_write_the_same_bytes(workspace, arranged):
    arranged("contrastive", resampling=["none", "smote"], penalties=["l1", "l2"], probe_strengths=[0.01, 0.1])
    runs = []
    for _ in range(2):
        baseline.main("demo")
        runs.append(written(workspace))
        shutil.rmtree("models/demo/baseline")
        shutil.rmtree("metrics/demo")
    assert set(runs[0]) == {
        "linear.safetensors", "probe.safetensors", "probe_adapted.safetensors", "out_of_fold.safetensors",
        "tfidf.json", "tfidf.safetensors", "baseline.csv", "baseline.json",
    }  # fmt: skip
    assert runs[0] == runs[1]


# --- the probe of the adapted encoder ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_an_adapted_encoder_has_a_probe_of_its_own_chosen_on_valid(workspace, arranged, step):
    arranged(step, probe_strengths=[0.01, 0.1, 1.0])
    baseline.main("demo")
    found = pd.read_csv("metrics/demo/baseline.csv").set_index("member")
    assert set(found.loc["probe", "n"]) == {120}
    assert set(found.loc["probe_adapted", "n"]) == {40}
    assert len(found.loc["probe_adapted"]) == 3 * 3
    record = read_json("metrics/demo/baseline.json")["probe_adapted"]
    # its logits are those of the saved weights on the adapted embeddings, and score on valid what the record says
    valid = tables.load("demo", "valid", HEADS)
    logits = ensemble.probe_logits("demo", "probe_adapted", valid["text"].tolist(), "tiny", 48)
    for head in HEADS:
        expected = baseline.crossfit.scores(logits[:, head.slice], tables.targets(valid, HEADS), head)
        assert {key: record[head.name][key] for key in expected} == pytest.approx(expected, abs=1e-4)
    other = ensemble.probe_logits("demo", "probe", valid["text"].tolist(), "tiny", 48)
    assert np.abs(logits - other).max() > 0.01
    # train rows: heads that did not see the row, so not what the saved weights say
    train = tables.load("demo", "train", HEADS)
    held = scores.load("models/demo/baseline/out_of_fold.safetensors", train["id"].tolist())["probe_adapted"]
    assert (
        np.abs(held - ensemble.probe_logits("demo", "probe_adapted", train["text"].tolist(), "tiny", 48)).max() > 0.01
    )


def test_without_adaptation_there_is_no_second_probe_and_valid_stays_closed(workspace, arranged):
    arranged()
    (workspace / "data/demo/valid.parquet").unlink()
    shutil.rmtree(workspace / "models/demo/adapted")
    baseline.main("demo")
    assert not (workspace / "models/demo/baseline/probe_adapted.safetensors").exists()
    assert "probe_adapted" not in read_json("metrics/demo/baseline.json")
    assert list(ensemble.probes(params.read("demo").adapt.on)) == ["probe"]


def test_a_strength_is_not_chosen_on_rows_that_the_encoder_has_learnt():
    """Embeddings that know the labels of train rows, as after contrastive steps, and nothing about those of valid."""
    rng = np.random.default_rng(0)
    heads = HEADS[:1]
    labels = {"train": rng.integers(2, size=200), "valid": rng.integers(2, size=100)}
    targets = {split: np.eye(2, dtype=np.float32)[one] for split, one in labels.items()}
    states = {split: rng.normal(size=(len(one), 4)) for split, one in labels.items()}
    states["train"][:, 0] += 4 * labels["train"]
    fold, settings = np.arange(200) % 5, params.read("demo").baseline
    inside = baseline.probe_member({"train": states["train"]}, targets, heads, fold, settings, "demo")
    outside = baseline.probe_member(states, targets, heads, fold, settings, "demo")
    assert inside.chosen["scam"].candidate.strength == max(settings.probe_strengths)  # the plant: it looks perfect
    assert outside.chosen["scam"].candidate.strength == min(settings.probe_strengths)
    assert outside.out_of_fold.shape == (200, 2)


def test_the_ensemble_has_both_probes(arranged):
    arranged("contrastive")
    baseline.main("demo")
    soften.main("demo")
    record = read_json("models/demo/soft/ensemble.json")
    assert list(record["weights"]) == ["linear", "probe", "probe_adapted"]
    for split in ("train", "valid", "calib"):
        ids = tables.load("demo", split, HEADS)["id"].tolist()
        assert {"probe", "probe_adapted"} <= set(scores.load(f"models/demo/soft/{split}.safetensors", ids))


@pytest.mark.parametrize("place", ["encoders", "adapted"])
def test_out_of_fold_logits_of_another_encoder_are_refused(workspace, arranged, place):
    arranged("contrastive")
    baseline.main("demo")
    file = workspace / "models/demo" / place / "tiny" / "model.safetensors"
    save_file({name: one * 1.01 for name, one in load_file(file).items()}, file, {"format": "pt"})
    name = next(name for name, where in ensemble.PROBES.items() if where("demo", "tiny").parent.name == place)
    with pytest.raises(CacheError, match=rf"computed from another {name} than"):
        soften.main("demo")


def test_a_missing_probe_is_named(arranged):
    arranged()
    with pytest.raises(CacheError, match=r"baseline/probe\.safetensors: missing\. Run dvc repro"):
        linear.load_weights(Path("models/demo/baseline/probe.safetensors"))
