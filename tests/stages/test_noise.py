"""noise: what train rows teach: labels as given, shares of annotators and of equal texts, and doubtful rows."""

import doubting
import numpy as np
import pytest
from rawtask import TASK
from ruamel.yaml import YAML

from decant import paths, tables
from decant.errors import CacheError, DataError
from decant.files import digest, read_json
from decant.heads import layout
from decant.members import scores, taught
from decant.members.taught import Taught
from decant.scoring.label_issues import Issue
from stages import noise

HEADS = layout({name: {"labels": []} | head for name, head in doubting.HEADS.items()})
KIND, TOPIC, URGENCY = HEADS
WRONG = 3  # the row of train whose label both linear members contradict


def settle(workspace, conflicts: str = "keep", **settings) -> None:
    yaml = YAML()
    tree = yaml.load((workspace / "params.yaml").read_text(encoding="utf-8"))
    tree["defaults"]["noise"] |= settings
    tree["defaults"]["duplicates"]["conflicts"] = conflicts
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def learnt(workspace, conflicts: str = "keep", train=None, **settings) -> tuple[Taught, np.ndarray, dict]:
    """What the stage writes, the labels of the table, and its metrics."""
    frames = doubting.write(workspace, **({} if train is None else {"train": train}))
    settle(workspace, conflicts, **settings)
    noise.main(TASK)
    return (
        taught.load(TASK, frames["train"]),
        tables.targets(frames["train"], HEADS),
        read_json(paths.metrics(TASK, "noise")),
    )


def test_as_params_come_the_labels_are_taught_as_they_are(workspace):
    found, given, metrics = learnt(workspace)
    np.testing.assert_array_equal(found.labels, given)
    assert found.weights.tolist() == [1] * 40
    assert metrics == {"rows": 40}


def test_a_doubtful_row_is_left_out(workspace):
    found, given, metrics = learnt(workspace, action="drop", most=0.1)
    assert np.flatnonzero(found.weights == 0).tolist() == [WRONG]
    np.testing.assert_array_equal(found.labels, given)
    assert metrics["treated"] == 1
    assert metrics["doubted"]["kind"] == 1


def test_a_doubtful_row_weighs_less(workspace):
    found, _, _ = learnt(workspace, action="reweight", share=0.7)
    assert found.weights[WRONG] == pytest.approx(0.3)
    assert np.delete(found.weights, WRONG).tolist() == [1] * 39


def test_a_doubtful_label_goes_in_part_to_what_the_members_say(workspace):
    found, given, _ = learnt(workspace, action="soften", share=0.5)
    np.testing.assert_allclose(found.labels[WRONG, KIND.slice], [0.5 * 1 + 0.5 * 0.05, 0.5 * 0.95], atol=1e-6)
    assert found.labels[:, KIND.slice].sum(axis=1) == pytest.approx(1)
    np.testing.assert_array_equal(
        np.delete(found.labels[:, KIND.slice], WRONG, axis=0), np.delete(given[:, KIND.slice], WRONG, axis=0)
    )
    np.testing.assert_array_equal(found.labels[:, URGENCY.slice], given[:, URGENCY.slice])
    assert found.weights.tolist() == [1] * 40


def test_no_more_rows_are_treated_than_params_allow_and_the_likeliest_errors_come_first(workspace):
    frame = doubting.frame("train")
    frame.loc[[5, 7], "kind"] = "ham"  # spam too: three doubtful rows
    assert learnt(workspace, train=frame, action="drop", most=1.0)[2]["treated"] == 3
    found, _, metrics = learnt(workspace, train=frame, action="drop", most=0.05)
    assert (metrics["doubted"]["kind"], metrics["treated"], int((found.weights == 0).sum())) == (3, 2, 2)


def test_the_likeliest_errors_are_treated_first_with_every_head_that_doubts_them():
    def issue(row: int, margin: float) -> Issue:
        return Issue(row, ("ham",), ("spam",), 0.9, margin)

    doubted = {KIND: [issue(1, 0.2), issue(2, 0.9)], TOPIC: [issue(3, 0.5), issue(2, 0.1)], URGENCY: []}
    assert [(head.name, found.row) for head, found in noise.worst(doubted, 2)] == [
        ("kind", 2),
        ("topic", 3),
        ("topic", 2),
    ]
    assert noise.worst(doubted, 0) == []


def test_a_label_that_would_lose_all_its_rows_stops_the_stage(workspace, monkeypatch):
    found, given, _ = learnt(workspace)
    weights = np.where(given[:, KIND.slice][:, 1] > 0, 0, 1)
    with pytest.raises(DataError, match=r"every one of the 19 train rows of 'spam' \(head kind\) .* Lower noise\.most"):
        noise.refuse_empty(TASK, HEADS, given, weights)
    noise.refuse_empty(TASK, HEADS, given, found.weights)


def test_rows_of_one_text_teach_their_shares(workspace):
    frame = doubting.frame("train")
    frame.loc[[0, 2, 4], "text"] = ["Same text!", "same  text", "SAME text"]
    frame.loc[[0, 2, 4], "kind"] = ["spam", "ham", "ham"]
    frame.loc[0, "topic.sport"] = True
    frame.loc[[2, 4], "topic.sport"] = False
    found, given, metrics = learnt(workspace, "soften", frame)
    for row in (0, 2, 4):
        np.testing.assert_allclose(found.labels[row, KIND.slice], [2 / 3, 1 / 3], atol=1e-6)
        np.testing.assert_allclose(found.labels[row, TOPIC.slice], [0, 1 / 3], atol=1e-6)
    others = np.delete(np.arange(40), [0, 2, 4])
    np.testing.assert_array_equal(found.labels[others], given[others])
    np.testing.assert_array_equal(found.labels[:, URGENCY.slice], given[:, URGENCY.slice])
    assert metrics["equal_texts"] == 3
    kept, given, metrics = learnt(workspace, "keep", frame)
    np.testing.assert_array_equal(kept.labels, given)
    assert "equal_texts" not in metrics


def test_the_annotators_shares_are_taught(workspace):
    frame = doubting.frame("train")
    shares = [[0.75, 0.25] if kind == "ham" else [0.0, 1.0] for kind in frame["kind"]]
    found, given, metrics = learnt(workspace, train=frame.assign(**{KIND.shares: shares}))
    np.testing.assert_allclose(found.labels[:, KIND.slice], shares)
    np.testing.assert_array_equal(found.labels[:, 2:], given[:, 2:])
    assert metrics["annotators"] == {"kind": int((frame["kind"] == "ham").sum())}


def test_what_is_doubted_comes_from_members_that_have_not_learnt_the_rows(workspace):
    frames = doubting.write(workspace)
    settle(workspace, action="drop")
    file = paths.baseline(TASK) / "out_of_fold.safetensors"
    ids = frames["train"]["id"].tolist()
    scores.save(file, ids[::-1], scores.load(file, ids), {"train": digest(paths.split_file(TASK, "train"))})
    with pytest.raises(CacheError, match="rows that are not the 40 asked for"):
        noise.main(TASK)


def test_what_is_taught_belongs_to_these_rows(workspace):
    found, _, _ = learnt(workspace)
    frame = doubting.frame("train")
    with pytest.raises(CacheError, match="39 asked for"):
        taught.load(TASK, frame[:39])
    frame.assign(kind="ham").to_parquet(paths.split_file(TASK, "train"))
    with pytest.raises(CacheError, match="computed from another train"):
        taught.load(TASK, frame)
    assert found.only(np.arange(40) < 5).labels.shape == (5, 5)
