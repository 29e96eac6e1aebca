"""gain: teachers with and without the adaptation, judged on rows that are not test; nothing to compare is said at once."""

import json
from pathlib import Path

import pandas as pd
import pytest
from adapting import CONTRASTIVE, HEADS, SPLITS, TASK, adapted, arrange, contents, written

from decant import checked, tables
from decant.members import taught
from decant.models.model import predict
from decant.problem import Problem
from decant.scoring import paired
from decant.scoring.selection import measure
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.training import finetune
from stages import gain

ADAPT = {"contrastive": CONTRASTIVE, "precision": "fp32"}
SEEDS = [13, 7]
OUT = Path("models") / TASK / "gain" / "tiny.json"
TEACHER = {"epochs": 1, "batch_size": 16}


def run() -> dict:
    gain.main(TASK, "tiny")
    return json.loads(OUT.read_text(encoding="utf-8"))


def fits(monkeypatch, last: int | None = None) -> list[tuple[str, int]]:
    """The teachers that are trained from now on, as (folder, seed); the run dies before number `last`."""
    seen, real = [], finetune.fine_tune

    def counted(source, problem, settings, seed, *rest):
        if len(seen) == last:
            raise KeyboardInterrupt
        seen.append((source.parent.name, seed))
        return real(source, problem, settings, seed, *rest)

    monkeypatch.setattr(finetune, "fine_tune", counted)
    monkeypatch.setattr(paired, "RESAMPLES", 20)
    return seen


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_encoder):
    """The figures of two seeds, the teachers that they took, and the folder."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("whole")
        (folder / "params.yaml").write_bytes(Path("params.yaml").read_bytes())
        patch.chdir(folder)
        arrange(folder, tiny_encoder, adapt=ADAPT, gain={"seeds": SEEDS}, teacher=TEACHER)
        adapted()
        seen = fits(patch)
        return run(), seen, folder


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param({"adapt": ADAPT}, id="no seeds"),
        pytest.param({"gain": {"seeds": SEEDS}}, id="nothing is on"),
    ],
)
def test_nothing_to_compare_is_said_at_once(workspace, tiny_encoder, monkeypatch, sections):
    arrange(workspace, tiny_encoder, **sections)
    seen = fits(monkeypatch)
    assert run() == {"seeds": 0}
    assert not seen


def test_both_sides_have_the_same_seeds(whole):
    found, seen, _ = whole
    assert seen == [("encoders", 13), ("adapted", 13), ("encoders", 7), ("adapted", 7)]
    assert found["seeds"] == 2
    assert found["valid"]["n"] == found["calib"]["n"] == 24


def test_the_figures_are_those_of_the_teachers(whole, monkeypatch, tmp_path):
    found, _, folder = whole
    monkeypatch.chdir(folder)
    p = checked.read(gain.Sections, TASK)
    settings = finetune.settings_of(p.teacher, p.catalogue["tiny"])
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    frames = {split: tables.load(TASK, split, HEADS) for split in ("train", "valid")}
    source, given = Path("models") / TASK / "adapted/tiny", taught.plain(tables.targets(frames["train"], HEADS))
    model, tokenizer, _ = finetune.fine_tune(source, problem, settings, 7, frames, given, tmp_path / "work-1")
    logits, _ = predict(model, tokenizer, SPLITS["calib"]["text"].tolist(), p.tokens.max_length, "calib")
    wanted = measure(logits, tables.targets(SPLITS["calib"], HEADS), problem)
    assert found["calib"]["adapted_7"] == pytest.approx(wanted, abs=1e-4)
    for key in wanted:
        mean = (found["calib"]["adapted_13"][key] + found["calib"]["adapted_7"][key]) / 2
        assert found["calib"]["adapted"][key] == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("split", ["valid", "calib"])
def test_the_difference_is_adapted_minus_published(whole, split):
    found = whole[0][split]
    for key in ("accuracy", "macro_f1", "micro_auc", "macro_auc"):
        gap = found["difference"]
        assert gap[key] == pytest.approx(found["adapted"][key] - found["published"][key], abs=2e-4)
        assert gap[f"{key}_low"] <= gap[key] <= gap[f"{key}_high"]


def test_a_killed_run_trains_no_teacher_twice(whole, workspace, tiny_encoder, monkeypatch):
    arrange(workspace, tiny_encoder, adapt=ADAPT, gain={"seeds": SEEDS}, teacher=TEACHER)
    adapted()
    with monkeypatch.context() as patch:
        fits(patch, last=3)
        with pytest.raises(KeyboardInterrupt):
            gain.main(TASK, "tiny")
    assert not OUT.exists()
    seen = fits(monkeypatch)
    assert run() == whole[0]
    assert seen == [("adapted", 7)]
    assert not list((workspace / ".work" / TASK).glob("*/"))


def test_test_stays_closed(whole):
    """There is no test.parquet in the folder at all; a gain on it would have been an error."""
    folder = whole[2] / "data" / TASK
    assert sorted(one.stem for one in folder.glob("*.parquet")) == ["calib", "held_out", "train", "unlabelled", "valid"]


def test_equal_encoders_gain_nothing(workspace, tiny_encoder, monkeypatch):
    arrange(workspace, tiny_encoder, adapt=ADAPT, gain={"seeds": [13]}, teacher=TEACHER)
    written(tiny_encoder, workspace / "models" / TASK / "adapted" / "tiny")
    assert contents(workspace / "models" / TASK / "adapted") == contents(workspace / "models" / TASK / "encoders")
    fits(monkeypatch)
    found = run()
    assert {value for split in ("valid", "calib") for value in found[split]["difference"].values()} == {0.0}
    assert pd.Series(found["valid"]["adapted"]).equals(pd.Series(found["valid"]["published"]))
