"""The ensemble: exactly the members that params name, each with its weight, and votes that go to whoever is right."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
from ruamel.yaml import YAML

from decant import paths, tables
from decant.errors import CacheError
from decant.files import read_json, write_json
from decant.heads import layout, probabilities, tempered
from decant.members import ensemble, scores
from decant.scoring import calibration
from stages import baseline, soften
from stages.demo import generate
from stages.soften import vote

HEADS = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
)
ONES = {"scam": 1.0, "topic": 1.0}


def truth_and_members(seed=0, rows=300):
    """Labels, a member that knows them, one that guesses, and one that is sure of the opposite."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((rows, 5))
    labels[np.arange(rows), rng.integers(2, size=rows)] = 1
    labels[:, 2:4] = rng.random((rows, 2)) < 0.4
    labels[:, 4] = rng.random(rows)
    signed = np.where(labels > 0.5, 1.0, -1.0)
    members = {"knows": 4 * signed, "guesses": rng.normal(size=(rows, 5)), "errs": -2 * signed}
    members["knows"][:, 4] = labels[:, 4]
    members["guesses"][:, 4] = rng.random(rows)
    members["errs"][:, 4] = 1 - labels[:, 4]
    return labels, members


@pytest.mark.parametrize(
    ("encoders", "seeds", "names"),
    [
        pytest.param(["minilm"], [13], {"teacher_minilm_13": "minilm-13"}, id="one"),
        pytest.param(
            ["a", "b"],
            [1, 2],
            {"teacher_a_1": "a-1", "teacher_a_2": "a-2", "teacher_b_1": "b-1", "teacher_b_2": "b-2"},
            id="encoders x seeds",
        ),
    ],
)
def test_the_teachers_are_those_that_params_name(encoders, seeds, names):
    assert ensemble.teachers("demo", encoders, seeds) == {
        name: Path("models/demo/teachers") / folder for name, folder in names.items()
    }


def test_folders_that_params_do_not_name_are_no_teachers(tmp_path, monkeypatch):
    """A teacher of an earlier run may still lie in models; it has no vote."""
    (tmp_path / "models" / "demo" / "teachers" / "minilm-99").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert list(ensemble.teachers("demo", ["minilm"], [13])) == ["teacher_minilm_13"]


def test_combine_averages_calibrated_chances():
    _, members = truth_and_members()
    weights = {"knows": 0.5, "guesses": 0.3, "errs": 0.2}
    own = {"knows": {"scam": 2.0, "topic": 0.5}, "guesses": ONES, "errs": {"scam": 4.0, "topic": 1.0}}
    found = probabilities(ensemble.combine(members, HEADS, weights, own, "probabilities"), HEADS)
    wanted = np.zeros_like(found)
    for name, logits in members.items():
        calm = logits.copy()
        calm[:, :2] /= own[name]["scam"]
        calm[:, 2:4] /= own[name]["topic"]
        wanted += weights[name] * probabilities(calm, HEADS)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_combine_averages_calibrated_logits():
    """One member is sure that the answer is not c, the other one halts between b and c: together they say b."""
    heads = layout(
        {"kind": {"kind": "softmax", "labels": ["a", "b", "c"]}, "sure": {"kind": "sigmoid", "labels": ["x"]}}
    )
    chances = {"one": [0.5, 0.49, 0.01, 0.9], "other": [0.1, 0.4, 0.5, 0.2]}
    members = {
        name: np.array([[*np.log(found[:3]), np.log(found[3] / (1 - found[3]))]]) for name, found in chances.items()
    }
    weights, own = {"one": 0.5, "other": 0.5}, {name: {"kind": 1.0, "sure": 1.0} for name in members}
    found = probabilities(ensemble.combine(members, heads, weights, own, "logits"), heads)[0]
    geometric = np.sqrt(np.prod([values[:3] for values in chances.values()], axis=0))
    np.testing.assert_allclose(found[:3], geometric / geometric.sum(), rtol=1e-9)
    np.testing.assert_allclose(found[3], 1 / (1 + np.sqrt(0.1 / 0.9 * 0.8 / 0.2)), rtol=1e-9)
    mean = probabilities(ensemble.combine(members, heads, weights, own, "probabilities"), heads)[0]
    np.testing.assert_allclose(mean, np.mean(list(chances.values()), axis=0), rtol=1e-9)


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
def test_a_member_alone_keeps_its_chances(pool):
    _, members = truth_and_members()
    mixed = ensemble.combine({"guesses": members["guesses"]}, HEADS, {"guesses": 1.0}, {"guesses": ONES}, pool)
    wanted = probabilities(members["guesses"], HEADS)
    np.testing.assert_allclose(probabilities(mixed, HEADS), wanted, atol=1e-6)


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
def test_a_member_without_weight_has_no_say(pool):
    _, members = truth_and_members()
    two = {name: members[name] for name in ("guesses", "errs")}
    mixed = ensemble.combine(two, HEADS, {"guesses": 1.0, "errs": 0.0}, dict.fromkeys(two, ONES), pool)
    wanted = probabilities(members["guesses"], HEADS)
    np.testing.assert_allclose(probabilities(mixed, HEADS), wanted, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_equal_votes_are_equal(count):
    labels, members = truth_and_members()
    some = dict(list(members.items())[:count])
    found = vote(some, labels, HEADS, dict.fromkeys(some, ONES), "equal", "probabilities")
    assert list(found) == list(some)
    assert len(set(found.values())) == 1
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
def test_a_member_alone_has_the_whole_vote(pool):
    labels, members = truth_and_members()
    assert vote({"knows": members["knows"]}, labels, HEADS, {"knows": ONES}, "fitted", pool) == {"knows": 1.0}


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "in the middle", "last"])
def test_nearly_all_weight_goes_to_a_member_that_is_always_right(place, pool):
    labels, members = truth_and_members()
    names = ["guesses", "errs"]
    names.insert(place, "knows")
    found = vote({name: members[name] for name in names}, labels, HEADS, dict.fromkeys(names, ONES), "fitted", pool)
    assert list(found) == names
    assert found["knows"] > 0.95
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
def test_fitted_weights_beat_equal_ones_and_each_member(pool):
    rng = np.random.default_rng(4)
    labels, _ = truth_and_members(4)
    clear = np.where(labels > 0.5, 1.0, -1.0)
    members = {name: clear + rng.normal(0, noise, clear.shape) for name, noise in (("a", 1.0), ("b", 1.5), ("c", 3.0))}
    own = {name: calibration.temperatures(logits, labels, HEADS) for name, logits in members.items()}
    classes = HEADS[:2]  # the loss of numbers is in the vote too, and would blur the comparison
    fitted, equal = (vote(members, labels, classes, own, how, pool) for how in ("fitted", "equal"))

    def nll(weights):
        mixed = ensemble.combine(members, HEADS, weights, own, pool)
        if pool == "logits":  # their scale is left to calibration
            mixed = tempered(mixed, HEADS, calibration.temperatures(mixed, labels, HEADS))
        return calibration.nll(mixed, labels, HEADS[0]) + 2 * calibration.nll(mixed, labels, HEADS[1])

    if pool == "probabilities":
        assert fitted["a"] > fitted["b"] > fitted["c"]
    else:  # calibrated logits already say how sure each is; what independent members know adds up
        assert min(fitted.values()) > 0.25
    alone = [nll(dict.fromkeys(members, 0.0) | {name: 1.0}) for name in members]
    assert nll(fitted) <= min(nll(equal), *alone) + 1e-6


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
def test_a_regression_head_alone_can_vote(pool):
    labels, members = truth_and_members()
    heads = layout({"urgency": {"kind": "regression", "labels": []}})
    numbers = {name: logits[:, 4:] for name, logits in members.items()}
    found = vote(numbers, labels[:, 4:], heads, {name: {} for name in numbers}, "fitted", pool)
    assert found["knows"] > 0.95


def test_the_linear_member_of_a_task_without_baseline_is_named_as_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CacheError, match=r"models/demo/baseline/linear\.safetensors: missing"):
        ensemble.linear_logits("demo", ["a post"])


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def soften_with(workspace, tiny_encoder):
    """Run baseline and soften on 150 posts; the teacher knows nothing and has no vote. times: makes the regression head's
    numbers large. settings: of soften."""

    def run(times=1.0, **settings):
        entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
        tiny.shrink(workspace / "params.yaml", entry)
        tree = YAML(typ="safe", pure=True).load((workspace / "params.yaml").read_text(encoding="utf-8"))
        tree["defaults"]["soften"] |= {"members": ["linear", "probe"]}
        tree["demo"]["soften"] = tree["demo"].get("soften", {}) | settings
        if settings.get("unlabelled"):
            tree["demo"]["source"]["unlabelled"] = {"files": ["more.csv"], "text": "text"}
        with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
            YAML().dump(tree, file)
        folder = workspace / "models" / "demo" / "encoders" / "tiny"
        shutil.copytree(tiny_encoder, folder)
        write_json(folder / "encoder.json", {"pooling": "mean"})
        tiny.write_teacher(tiny_encoder, HEADS, workspace / "models" / "demo" / "teachers" / "tiny-13")
        posts = generate(250, 6, 0.0)
        frame = pd.DataFrame({name: [post[name] for post in posts] for name in ("id", "text", "urgency")})
        frame["linear"] = frame["text"]
        frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in posts]
        for label in ("crypto", "money"):
            frame[f"topic.{label}"] = [label in post["topics"] for post in posts]
        frame["urgency"] *= times
        frame["answer"] = frame["scam"]
        (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
        for split, rows in (("train", slice(0, 150)), ("valid", slice(150, 200)), ("calib", slice(200, 250))):
            frame[rows].to_parquet(paths.split_file("demo", split))
        (workspace / "models" / "demo" / "adapted").mkdir()
        if not paths.unlabelled("demo").exists():
            frame[["id", "text", "linear"]][:0].to_parquet(paths.unlabelled("demo"))
        baseline.main("demo")
        soften.main("demo")
        return {split: tables.load("demo", split, HEADS) for split in ("train", "valid", "calib")}

    return run


@pytest.mark.parametrize("pool", ["probabilities", "logits"])
def test_soft_labels_are_the_calibrated_mixture_and_those_of_train_are_held_out(soften_with, pool):
    frames = soften_with(pool=pool)
    record = read_json("models/demo/soft/ensemble.json")
    assert record["pool"] == pool
    assert set(record["weights"]) == {"linear", "probe"}
    assert set(record["temperatures"]) == {"linear", "probe", "teacher_tiny_13", "ensemble"}
    for split, frame in frames.items():
        found = scores.load(f"models/demo/soft/{split}.safetensors", frame["id"].tolist())
        members = {name: found[name].astype(float) for name in ("linear", "probe")}
        mixed = ensemble.combine(members, HEADS, record["weights"], record["temperatures"], record["pool"])
        wanted = probabilities(tempered(mixed, HEADS, record["temperatures"]["ensemble"]), HEADS)
        np.testing.assert_allclose(probabilities(found["ensemble"], HEADS), wanted, atol=5e-3)
    train = frames["train"]
    ids, texts = train["id"].tolist(), train["text"].tolist()
    stored = scores.load("models/demo/soft/train.safetensors", ids)["linear"]
    held_out = scores.load("models/demo/baseline/out_of_fold.safetensors", ids)["linear"]
    np.testing.assert_allclose(stored, held_out, atol=0.02)
    assert np.abs(stored - ensemble.linear_logits("demo", texts)).max() > 0.1


def test_soft_labels_hold_numbers_of_any_size(soften_with):
    """A regression head may count followers: half precision ends at 65,504."""
    train = soften_with(times=1e6)["train"]
    soft = scores.load("models/demo/soft/train.safetensors", train["id"].tolist())["ensemble"]
    assert np.isfinite(soft).all()
    assert np.corrcoef(soft[:, 4].astype(float), train["urgency"])[0, 1] > 0.3


def test_linear_members_may_speak_through_their_final_models(soften_with):
    train = soften_with(out_of_fold=False)["train"]
    stored = scores.load("models/demo/soft/train.safetensors", train["id"].tolist())["linear"]
    np.testing.assert_allclose(stored, ensemble.linear_logits("demo", train["linear"].tolist()), atol=0.02)


def test_augmented_copies_are_labelled_by_the_ensemble(soften_with):
    train = soften_with(copies=2)["train"]
    extra = pd.read_parquet("models/demo/soft/extra.parquet")
    assert 290 < len(extra) <= 300
    assert not set(extra["id"]) & set(train["id"])
    stored = scores.load("models/demo/soft/extra.safetensors", extra["id"].tolist())
    assert stored["ensemble"].shape == (len(extra), 5)
    assert stored["pooled_teacher_tiny_13"].shape == (len(extra), tiny.WIDTH)
    wanted = ensemble.linear_logits("demo", extra["text"].str.lower().tolist())
    np.testing.assert_allclose(stored["linear"], wanted, atol=0.02)


def test_unlabelled_text_is_labelled_by_the_ensemble(workspace, soften_with):
    (workspace / "data" / "demo").mkdir(parents=True)
    more = pd.DataFrame(
        {"id": ["u1", "u2"], "text": ["free airdrop", "good morning"], "linear": ["free airdrop", "gm"]}
    )
    more.to_parquet(workspace / "data" / "demo" / "unlabelled.parquet")
    soften_with(unlabelled=True)
    assert pd.read_parquet("models/demo/soft/extra.parquet")["text"].tolist() == more["text"].tolist()


def test_the_bins_behind_the_calibration_errors_are_kept(soften_with):
    soften_with()
    found = pd.read_csv("metrics/demo/calibration.csv")
    told = read_json("metrics/demo/soften.json")
    for (member, head, when), rows in found.groupby(["member", "head", "when"]):
        gap = (rows["n"] * (rows["prob_pred"] - rows["prob_true"]).abs()).sum() / rows["n"].sum()
        assert gap == pytest.approx(told[member][head][f"ece_{when}"], abs=2e-4)
    assert set(found["member"]) == {"linear", "probe", "teacher_tiny_13", "ensemble"}
