"""split, where it makes the splits: every row in one place, labels spread evenly, what belongs together on one side."""

import hashlib
import itertools
import json

import numpy as np
import pandas as pd
import pytest
from mini import BLOCK, SHARES, TASK, TIMES, block, outputs, place_of, posts, run

from decant.paths import SPLITS
from decant.text import normal_form

PAIRS = [f"{early}_{late}" for early, late in itertools.combinations(SPLITS, 2)]
NONE = dict.fromkeys(PAIRS, 0)


def changed(text: str) -> str:
    """A near-duplicate: one letter is another one."""
    return text[:20] + ("b" if text[20] == "a" else "a") + text[21:]


def dated(rows: int = 200) -> pd.DataFrame:
    """Posts a minute apart, in another order than their ids."""
    times = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(np.random.default_rng(2).permutation(rows), "min")
    return posts(rows, repeats=False).assign(time=times)


# -- rows --------------------------------------------------------------------------------------------------------------


def test_every_row_stands_in_one_split_with_all_its_columns(workspace):
    frame = posts()
    parts, _ = run(workspace, frame)
    for part in parts.values():
        assert part["id"].tolist() == sorted(part["id"])
        assert list(part.columns) == [*frame.columns.drop("split"), "cluster"]
    together = pd.concat(parts.values()).sort_values("id", ignore_index=True)
    expected = frame.drop(columns="split").sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(together.drop(columns="cluster"), expected)


def test_no_text_stands_in_two_splits(workspace):
    parts, metrics = run(workspace, posts())
    forms = {name: set(part["text"].map(normal_form)) for name, part in parts.items()}
    assert sum(map(len, forms.values())) == len(set.union(*forms.values())) < 200
    assert {key: value for key, value in metrics.items() if "leakage" in key} == {
        "leakage_id": NONE, "leakage_exact": NONE, "leakage_near": NONE, "leakage_frozen": 0, "leakage_any": 0,
    } | {f"leakage_{pair}": 0 for pair in PAIRS}  # fmt: skip


@pytest.mark.parametrize("order", ["stratified", "time"])
def test_resampling_before_the_split_shows(workspace, order):
    """Rows in are rows out, and a copy under a new id, as oversampling makes them, stays with its original."""
    frame = dated().assign(group="")
    copies = frame.iloc[:40].assign(id=[f"copy of {one}" for one in frame["id"][:40]])
    parts, metrics = run(workspace, pd.concat([frame, copies], ignore_index=True), TIMES, order=order, least=1)
    place = place_of(parts)
    assert sum(map(len, parts.values())) == len(place) == 240
    assert [metrics[f"dropped_{why}"] for why in ("time", "leaks", "fast")] == [0, 0, 0]
    assert [place[one] for one in copies["id"]] == [place[one] for one in frame["id"][:40]]
    assert (metrics["clusters"], metrics["rows_in_clusters"]) == (40, 80)


def test_near_duplicates_share_a_split_and_a_cluster(workspace):
    frame = posts(repeats=False)
    frame.loc[100:149, "text"] = frame["text"][:50].map(changed).tolist()
    parts, metrics = run(workspace, frame)
    place = place_of(parts)
    ids = frame["id"].tolist()
    assert [place[one] for one in ids[100:150]] == [place[one] for one in ids[:50]]
    cluster = pd.concat(parts.values()).set_index("id")["cluster"]
    assert {one: min(one, other) for one, other in zip(ids[:50], ids[100:150], strict=True)} == cluster[
        ids[:50]
    ].to_dict()
    assert {one: one for one in ids[150:]} == cluster[ids[150:]].to_dict()
    assert {key: metrics[key] for key in ("clusters", "clusters_near", "rows_in_clusters", "largest_cluster")} == {
        "clusters": 50, "clusters_near": 50, "rows_in_clusters": 100, "largest_cluster": 2,
    }  # fmt: skip


def test_a_threshold_of_1_joins_equal_texts_alone(workspace):
    frame = posts(repeats=False)
    frame.loc[100:149, "text"] = frame["text"][:50].map(changed).tolist()
    frame.loc[0, "text"] = frame["text"][1].upper() + "?"
    parts, metrics = run(workspace, frame, near=1.0)
    place = place_of(parts)
    apart = [place[one] != place[other] for one, other in zip(frame["id"][2:50], frame["id"][102:150], strict=True)]
    assert sum(apart) > 10
    assert place[frame["id"][0]] == place[frame["id"][1]]
    assert (metrics["clusters"], metrics["clusters_near"], metrics["largest_cluster"]) == (1, 0, 2)


def test_clusters_are_shown_for_people_to_look_at(workspace):
    frame = posts(repeats=False)
    frame.loc[[3, 7, 9], "text"] = [frame["text"][3], frame["text"][3].upper(), changed(frame["text"][3])]
    frame.loc[[3, 7, 9], "id"] = ["b", "a", "c"]
    parts, _ = run(workspace, frame)
    place = place_of(parts)["a"]
    rows = frame.set_index("id")
    shown = pd.read_csv(workspace / "data" / TASK / "duplicates.csv")
    assert shown.to_dict("list") == {
        "cluster": ["a"] * 3,
        "split": [place] * 3,
        "id": ["a", "b", "c"],
        "answer": rows["answer"][["a", "b", "c"]].tolist(),
        "text": rows["text"][["a", "b", "c"]].tolist(),
    }


# -- figures -----------------------------------------------------------------------------------------------------------


def test_the_metrics_describe_each_split(workspace):
    frame = posts()
    parts, metrics = run(workspace, frame)
    for name, part in parts.items():
        spam = int((part["kind"] == "spam").sum())
        drift = abs((part["kind"] == "spam").mean() - (frame["kind"] == "spam").mean())
        assert metrics[name] == {
            "n": len(part),
            "sha256": hashlib.sha256("\n".join(part["id"]).encode()).hexdigest(),
            "drift": pytest.approx(drift, abs=5e-5),
            "pair_drift": 0.0,  # no row has two answers
            "answers": {"ham": len(part) - spam, "spam": spam},
        }
        assert abs(len(part) - SHARES[name] * 200) < 3
        assert drift * len(part) < 1  # less than a row
    copies = frame["text"].map(normal_form).value_counts()
    assert {key: value for key, value in metrics.items() if key not in SPLITS and "leakage" not in key} == {
        "given": False, "dropped_time": 0, "dropped_leaks": 0, "dropped_fast": 0,
        "clusters": (copies > 1).sum(), "clusters_near": 0,
        "rows_in_clusters": copies[copies > 1].sum(), "largest_cluster": copies.max(),
    }  # fmt: skip


def test_the_manifest_says_what_each_split_holds(workspace):
    labels = ["money", "sport", "Local News"]
    topics = block(
        heads={"topic": {"kind": "sigmoid", "labels": labels}},
        decision={"rule": "thresholds", "head": "topic"},
        labels={"topic": {"column": "topics", "separator": "|"}},
    )
    frame = posts().drop(columns="kind")
    held = np.random.default_rng(3).random((200, 3)) < [0.5, 0.3, 0.2]
    held[held[:, 1], 2] = False  # so that one pair never occurs
    for column, label in enumerate(labels):
        frame[f"topic.{label}"] = held[:, column]
    parts, metrics = run(workspace, frame, topics, fast=0.5, least=1)
    manifest = json.loads((workspace / "metrics" / TASK / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["task"], list(manifest["splits"])) == (TASK, list(SPLITS))
    everything = pd.concat(parts.values())  # the rows that fast left out are in no share
    assert len(everything) == 200 - metrics["dropped_fast"] < 150
    for name, part in parts.items():
        found = manifest["splits"][name]
        assert found["n"] == len(part)
        assert found["sha256"] == hashlib.sha256("\n".join(sorted(part["id"])).encode()).hexdigest()
        assert found["support"] == {label: part[f"topic.{label}"].sum() for label in labels}
        shift = {
            key: abs(part[f"topic.{label}"].mean() - everything[f"topic.{label}"].mean())
            for key, label in zip(("money", "sport", "Local_News"), labels, strict=True)
        }
        assert found["drift"] == pytest.approx(shift, abs=5.1e-5)
        assert metrics[name]["drift"] == pytest.approx(max(shift.values()), abs=5.1e-5)
        pairs = {}
        for other, key in (("sport", "money+sport"), ("Local News", "money+Local_News")):
            both, all_both = (one["topic.money"] & one[f"topic.{other}"] for one in (part, everything))
            pairs[key] = abs(both.mean() - all_both.mean())
        assert found["pair_drift"] == pytest.approx(pairs, abs=5.1e-5)
        assert metrics[name]["pair_drift"] == pytest.approx(max(pairs.values()), abs=1e-4)


def test_the_shares_and_the_seed_come_from_params(workspace):
    shares = {"train": 0.25, "valid": 0.25, "calib": 0.25, "test": 0.25}
    first, metrics = run(workspace, posts(), **shares, seed=1)
    assert all(47 <= metrics[name]["n"] <= 53 for name in SPLITS)
    again, _ = run(workspace, posts(), **shares, seed=1)
    other, _ = run(workspace, posts(), **shares, seed=2)
    assert all(first[name].equals(again[name]) for name in SPLITS)
    assert not first["test"].equals(other["test"])


def test_neither_the_order_of_the_rows_nor_another_run_changes_a_byte(workspace):
    frame = posts(300)
    frame.loc[100:149, "text"] = frame["text"][:50].map(changed).tolist()
    found = []
    for seed in (0, 0, 1):
        run(workspace, frame.sample(frac=1, random_state=seed))
        found.append(outputs(workspace))
        (workspace / "data" / TASK / "test.parquet").unlink()
    assert found[0] == found[1] == found[2]


def test_numbers_are_spread_over_the_splits(workspace):
    frame = posts()
    frame["urgency"] = np.random.default_rng(1).random(len(frame)) ** 4  # most are small, few are large
    two = block(heads=BLOCK["heads"] | {"urgency": {"kind": "regression"}})
    two["source"]["labels"]["urgency"] = {"column": "urgency"}
    parts, _ = run(workspace, frame, two)
    limits = frame["urgency"].quantile([0.25, 0.5, 0.75])
    for part in parts.values():
        quarters = np.bincount(np.searchsorted(limits, part["urgency"]), minlength=4) / len(part)
        assert (np.abs(quarters - 0.25) < 0.1).all()


# -- groups ------------------------------------------------------------------------------------------------------------


def test_the_rows_of_one_author_share_a_split(workspace):
    rng = np.random.default_rng(5)
    frame = posts(300).assign(group=[f"@{one}" for one in rng.integers(0, 60, 300)])
    parts, metrics = run(workspace, frame)
    authors = [set(part["group"]) for part in parts.values()]
    assert sum(map(len, authors)) == len(set.union(*authors)) == frame["group"].nunique()
    assert metrics["leakage_group"] == NONE
    assert all(abs(metrics[name]["n"] - SHARES[name] * 300) < 12 for name in SPLITS)
    assert "group" in parts["train"]


def test_an_author_and_a_text_in_a_chain_share_a_split(workspace):
    """One author wrote a and b, another c, which repeats b: all three belong together."""
    frame = posts(repeats=False).assign(group="")
    frame.loc[[0, 1], "group"], frame.loc[2, "group"] = "@one", "@two"
    frame.loc[2, "text"] = changed(frame["text"][1])
    for seed in range(5):
        place = place_of(run(workspace, frame, seed=seed)[0])
        assert len({place[one] for one in frame["id"][:3]}) == 1


def test_rows_without_an_author_are_not_one_group(workspace):
    _, metrics = run(workspace, posts(repeats=False).assign(group=""))
    assert [metrics[name]["n"] for name in SPLITS] == [120, 20, 30, 30]


# -- time --------------------------------------------------------------------------------------------------------------


def test_in_order_of_time_the_oldest_rows_are_train_and_the_newest_test(workspace):
    frame = dated()
    parts, metrics = run(workspace, frame, TIMES, order="time", least=1)
    ids = frame.sort_values("time")["id"].tolist()
    for name, (start, stop) in zip(SPLITS, itertools.pairwise([0, 120, 140, 170, 200]), strict=True):
        assert parts[name]["id"].tolist() == sorted(ids[start:stop])
    assert metrics["dropped_time"] == 0


def test_rows_of_one_moment_are_never_cut_apart(workspace):
    frame = dated()
    frame["time"] = frame["time"].dt.floor("17min")
    parts, _ = run(workspace, frame, TIMES, order="time", least=1)
    for early, late in itertools.pairwise(parts.values()):
        assert early["time"].max() < late["time"].min()
    assert sum(map(len, parts.values())) == 200


def test_a_text_is_as_new_as_its_newest_row_and_its_older_rows_go(workspace):
    frame = dated().sort_values("time", ignore_index=True)
    frame.loc[[0, 50, 199], "text"] = frame["text"][0]  # train twice, and test
    frame.loc[[10, 60], "text"] = frame["text"][10]  # train alone
    parts, metrics = run(workspace, frame, TIMES, order="time", least=1)
    place, ids = place_of(parts), frame["id"]
    assert [place.get(ids[row], "gone") for row in (0, 50, 199, 10, 60)] == ["gone", "gone", "test", "train", "train"]
    assert metrics["dropped_time"] == 2
    assert sum(map(len, parts.values())) == 198
    shown = pd.read_csv(workspace / "data" / TASK / "duplicates.csv").set_index("id")["split"]
    assert shown[ids[[0, 50, 199, 10, 60]]].tolist() == ["dropped", "dropped", "test", "train", "train"]


# -- fast --------------------------------------------------------------------------------------------------------------


def test_fast_keeps_a_share_of_train_alone(workspace):
    frame = posts(400)
    whole, _ = run(workspace, frame)
    parts, metrics = run(workspace, frame, fast=0.25)
    assert all(parts[name].equals(whole[name]) for name in ("valid", "calib", "test"))
    assert set(parts["train"]["id"]) < set(whole["train"]["id"])
    assert metrics["dropped_fast"] == len(whole["train"]) - len(parts["train"])
    for kind in ("ham", "spam"):
        kept, all_of_it = ((one["train"]["kind"] == kind).sum() for one in (parts, whole))
        assert abs(kept - 0.25 * all_of_it) <= 2
    assert sum(map(len, parts.values())) + metrics["dropped_fast"] == 400
