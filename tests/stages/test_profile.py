"""profile: every figure of the data against a count of its own, from train, valid and calib alone, and the page."""

import contextlib
import itertools
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mini import COMMITTED, TASK, YAML_SAFE, block
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from tokenizers import Tokenizer

from decant.errors import DataError, EncoderError
from decant.files import write_json
from decant.heads import layout
from decant.models.coverage import covered
from stages import profile
from stages.demo import generate

OPEN = ("train", "valid", "calib")
LABELS = {"scam": ["honest", "scam"], "topic": ["crypto", "money"]}
HEADS = {
    "scam": {"kind": "softmax", "labels": LABELS["scam"]},
    "topic": {"kind": "sigmoid", "labels": LABELS["topic"]},
    "urgency": {"kind": "regression"},
}
PREPARE = {
    "rows_raw": 1234, "words_raw": 20_000, "rows_empty": 5, "rows_unlabelled": 6, "duplicates": 70,
    "conflicting_rows": 8, "conflicting_texts": 3, "rows_dropped_as_conflicts": 2, "rows_dropped_as_repeats": 11,
    "clean_html": {"rows_changed": 4321, "words_after": 19_876}, "linear_stem": {"content_words_after": 15_555},
}  # fmt: skip
SPLIT = {
    "dropped_leaks": 21, "dropped_time": 22, "dropped_fast": 23,
    "clusters": 24, "rows_in_clusters": 52, "largest_cluster": 7,
    "given_leakage_near": {"train_test": 31}, "leakage_near": {"train_test": 32}, "leakage_frozen": 0,
} | {name: {"n": 9000 + row, "drift": 0.0125, "answers": {"scam": 41, "clean": 42}}
     for row, name in enumerate(("train", "valid", "calib", "test"))}  # fmt: skip
LIMIT = 12  # tokens from which a text is cut


def table(rows: int, seed: int) -> pd.DataFrame:
    """One split of demo posts, as the split stage writes it; a fifth of the rows in clusters of two."""
    found = generate(rows, seed, 0.0)
    frame = pd.DataFrame({"id": [f"{seed}-{row:03}" for row in range(rows)], "text": [post["text"] for post in found]})
    frame.loc[0, "text"] = "漢字 " * 30 + frame["text"][0]  # letters that the vocabulary does not have
    frame["linear"] = frame["text"].str.lower()
    frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in found]
    for label in LABELS["topic"]:
        frame[f"topic.{label}"] = [label in post["topics"] for post in found]
    frame["urgency"] = [float(post["urgency"]) for post in found]
    frame["length"] = frame["text"].str.len()
    frame["cluster"] = frame["id"]
    frame.loc[: rows // 10 - 1, "cluster"] = frame["id"][rows // 10 : 2 * (rows // 10)].tolist()
    return frame


FRAMES = {name: table(rows, seed) for name, rows, seed in (("train", 60, 1), ("valid", 30, 2), ("calib", 20, 3))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_encoder) -> Path:
    """A workspace after profile: the open splits and no test split, two encoders, what prepare and split counted."""
    workspace = tmp_path_factory.mktemp("profile")
    names = ["tiny", "tiny-v2"]
    tree = {key: COMMITTED[key] for key in ("seeds", "threads", "defaults")}
    sections = block(
        heads=HEADS,
        decision={"rule": "priority", "order": ["scam", "crypto"], "otherwise": "clean"},
        labels={
            "scam": {"column": "kind"},
            "topic": {"column": "topics", "separator": "|"},
            "urgency": {"column": "urgency"},
        },
    )
    sections |= {"tokens": {"max_length": LIMIT}, "baseline": {"probe_encoder": "tiny"}, "distil": {"encoder": "tiny"}}
    tree |= {"encoders": names, "catalogue": dict.fromkeys(names, COMMITTED["catalogue"]["minilm"])}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree | {"tasks": [TASK], TASK: sections}, stream)
    for name in names:
        shutil.copytree(tiny_encoder, workspace / "models" / TASK / "encoders" / name)
    (workspace / "data" / TASK).mkdir(parents=True)
    for name, frame in FRAMES.items():
        frame.to_parquet(workspace / "data" / TASK / f"{name}.parquet", index=False)
    for name, content in (("prepare", PREPARE), ("split", SPLIT)):
        write_json(workspace / "metrics" / TASK / f"{name}.json", content)
    with contextlib.chdir(workspace):
        profile.main(TASK)
    return workspace


@pytest.fixture
def copy(folder, workspace) -> Path:
    """The same to change, and the working folder."""
    shutil.copytree(folder, workspace, dirs_exist_ok=True)
    return workspace


def metrics(workspace: Path) -> dict:
    return json.loads((workspace / "metrics" / TASK / "profile.json").read_text(encoding="utf-8"))


def quantile(sizes: list[int], q: float) -> float:
    """Between the two sorted values around it, linearly."""
    place, ordered = q * (len(sizes) - 1), sorted(sizes)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def described(name: str, sizes: list[int]) -> dict[str, float]:
    values = {f"{name}_mean": sum(sizes) / len(sizes), f"{name}_max": max(sizes)}
    values |= {f"{name}_p{q}": quantile(sizes, q / 100) for q in (50, 95, 99)}
    return {key: pytest.approx(value, abs=5.1e-5) for key, value in values.items()}


def test_every_figure_is_that_of_a_count_by_hand(folder, tiny_encoder):
    found = metrics(folder)
    assert list(found) == list(OPEN)
    tokenizer = Tokenizer.from_file(str(tiny_encoder / "tokenizer.json"))
    for name, frame in FRAMES.items():
        entry = found[name]
        texts = frame["text"].tolist()
        sizes = [len(tokenizer.encode(text).ids) for text in texts]
        pieces = [token for text in texts for token in tokenizer.encode(text, add_special_tokens=False).tokens]
        assert max(sizes) > LIMIT  # no length is one after the cut
        encoder = described("tokens", sizes) | {
            "cut": pytest.approx(sum(size > LIMIT for size in sizes) / len(sizes), abs=5.1e-5),
            "unknown": pytest.approx(pieces.count("[UNK]") / len(pieces), abs=5.1e-5),
            **covered(tokenizer, "[UNK]", texts)._asdict(),
        }
        assert pieces.count("[UNK]") > 0
        assert {key: value for key, value in entry.items() if key != "languages"} == {
            "n": len(frame),
            **described("characters", [len(text) for text in texts]),
            "encoder_tiny": encoder,
            "encoder_tiny-v2": encoder,
            "answers_per_row": 1.0,
            "rows_in_clusters": 2 * (len(frame) // 10),
        }


def test_a_row_with_several_answers_counts_them_all(copy):
    params = YAML_SAFE.load((copy / "params.yaml").read_text(encoding="utf-8"))
    params[TASK]["decision"] = {"rule": "thresholds", "head": "topic"}
    with (copy / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(params, stream)
    profile.main(TASK)
    found = metrics(copy)
    for name, frame in FRAMES.items():
        labels = frame[["topic.crypto", "topic.money"]].sum(axis=1)
        assert found[name]["answers_per_row"] == pytest.approx(labels.mean(), abs=5.1e-5)
    assert found["train"]["answers_per_row"] != 1


def test_languages_are_the_guesses_that_are_sure(folder):
    found = metrics(folder)
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    for name, frame in FRAMES.items():
        guesses = [identifier.classify(text) for text in frame["text"]]
        named = [language if chance >= 0.9 else "unsure" for language, chance in guesses]
        languages = found[name]["languages"]
        assert languages == {key: pytest.approx(named.count(key) / len(named), abs=5.1e-5) for key in languages}
        assert 0 < sum(languages.values()) <= 1.0003  # five shares, rounded to four decimals
        assert len(languages) == min(5, len(set(named)))


def outputs(workspace: Path) -> dict[str, bytes]:
    files = [file for file in sorted((workspace / "metrics" / TASK).rglob("*")) if file.is_file()]
    return {file.relative_to(workspace / "metrics" / TASK).as_posix(): file.read_bytes() for file in files}


def test_a_second_run_writes_the_same_bytes_whatever_test_holds(folder, copy):
    """The first run had no test split at all, the second has one that nobody could read."""
    for name in ("profile.json", "data.md", "data.html"):
        (copy / "metrics" / TASK / name).unlink()
    shutil.rmtree(copy / "metrics" / TASK / "profile")
    (copy / "data" / TASK / "test.parquet").write_text("no parquet at all", encoding="utf-8")
    profile.main(TASK)
    assert outputs(copy) == outputs(folder)
    names = ("labels", "cooccurrence", "characters", "tokens")
    assert set(outputs(copy)) == {"prepare.json", "split.json", "profile.json", "data.md", "data.html"} | {
        f"profile/{name}.{end}" for name in names for end in ("csv", "png")
    }


def test_the_page_says_what_happened_to_the_rows(folder):
    found = metrics(folder)
    page = (folder / "metrics" / TASK / "data.md").read_text(encoding="utf-8")
    for words in (
        "# mini: the data", "1,234 raw rows, of which 5 are empty after cleaning and 6 have no label",
        "70 rows repeat a text; 8 rows of 3 texts have more than one answer",
        "left out 2 rows as conflicts, 11 as repeats, 21 as leaks, 0 beside frozen test rows, 22 for time and 23 for fast mode",
        "52 rows are in 24 clusters of equal or nearly equal texts, the largest of 7",
        "| test | 9,003 | 0.0125 | 41 | 42 |", "| before the policy: near | 31 |", "| near | 32 |",
        "| as they came | 20,000 |  |  |", "| html | 19,876 | 4,321 |  |", "| stem |  |  | 15,555 |",
        f"| valid | 30 | {found['valid']['characters_mean']:.4f} | {found['valid']['characters_max']} |",
        f"| calib | tiny-v2 | {found['calib']['encoder_tiny-v2']['tokens_mean']:.4f} |",
        "0 rows of train, valid or calib were test in a frozen manifest",
    ):  # fmt: skip
        assert words in page
    figures = re.findall(r"!\[.+\]\((.+)\)", page)
    assert len(figures) == 4
    assert all((folder / "metrics" / TASK / name).exists() for name in figures)


def test_rows_of_train_that_were_test_are_shown(copy):
    written = {"prepare": PREPARE, "split": SPLIT | {"leakage_frozen": 1234}}
    page = profile.page(TASK, written, metrics(copy), True)
    assert "1,234 rows of train, valid or calib were test in a frozen manifest" in page


def test_a_class_named_as_a_column_of_the_page_has_a_column_of_its_own(copy):
    """Or its rows would stand where the split's name or drift belongs."""
    classes = {name: SPLIT[name] | {"answers": {"split": 41, "drift": 43}} for name in (*OPEN, "test")}
    page = profile.page(TASK, {"prepare": PREPARE, "split": SPLIT | classes}, metrics(copy), True)
    assert "| split | n | drift | split (rows) | drift (rows) |" in page
    assert "| test | 9,003 | 0.0125 | 41 | 43 |" in page


def holds(frame: pd.DataFrame, label: str) -> np.ndarray:
    return (frame["scam"] == label if label in LABELS["scam"] else frame[f"topic.{label}"]).to_numpy()


def test_the_tables_of_the_labels(folder):
    written = folder / "metrics" / TASK / "profile"
    names = [*LABELS["scam"], *LABELS["topic"]]
    assert pd.read_csv(written / "labels.csv").to_dict("records") == [
        {
            "split": split,
            "label": label,
            "rows": holds(frame, label).sum(),
            "share": round(holds(frame, label).mean(), 4),
        }
        for split, frame in FRAMES.items()
        for label in names
    ]
    assert pd.read_csv(written / "cooccurrence.csv").to_dict("records") == [
        {"label": one, "other": other, "rows": (holds(FRAMES["train"], one) & holds(FRAMES["train"], other)).sum()}
        for one, other in itertools.combinations(names, 2)
    ]


@pytest.mark.parametrize(("file", "of"), [("characters", ["characters"]), ("tokens", ["tiny", "tiny-v2"])])
def test_the_tables_of_the_lengths(folder, tiny_encoder, file, of):
    found = pd.read_csv(folder / "metrics" / TASK / "profile" / f"{file}.csv")
    tokenizer = Tokenizer.from_file(str(tiny_encoder / "tokenizer.json"))
    sizes = {
        name: [len(text) if file == "characters" else len(tokenizer.encode(text).ids) for text in frame["text"]]
        for name, frame in FRAMES.items()
    }
    assert list(dict.fromkeys(found["of"])) == of
    top = int(quantile([size for part in sizes.values() for size in part], 0.995))
    for (_, split), bins in found.groupby(["of", "split"], sort=False):
        low, high = bins["from"].tolist(), bins["to"].tolist()
        assert (low[0], high[-1], low[1:]) == (0, top, high[:-1])
        assert len(bins) <= 30
        # longer texts stand in the last bin
        counted = [
            sum(one <= size < other or (other == top and size >= top) for size in sizes[split])
            for one, other in zip(low, high, strict=True)
        ]
        assert bins["share"].tolist() == [round(count / len(sizes[split]), 4) for count in counted]
        assert sum(counted) == len(sizes[split])


def test_a_missing_split_and_a_missing_encoder_stop_the_stage(copy):
    before = outputs(copy)
    calib = copy / "data" / TASK / "calib.parquet"
    calib.rename(copy / "calib.parquet")
    with pytest.raises(DataError, match=r"data/mini/calib\.parquet: missing\. Run: dvc repro split@mini"):
        profile.main(TASK)
    (copy / "calib.parquet").rename(calib)
    shutil.rmtree(copy / "models" / TASK / "encoders" / "tiny")
    with pytest.raises(EncoderError, match=r"encoders/tiny/tokenizer\.json: missing"):
        profile.main(TASK)
    assert outputs(copy) == before


# -- the parts ---------------------------------------------------------------------------------------------------------


def test_a_task_with_one_label_has_no_pairs():
    heads = layout({"topic": {"kind": "sigmoid", "labels": ["money"]}})
    frame = pd.DataFrame({"id": ["a", "b"], "topic.money": [True, False]})
    pairs = profile.cooccurrence(frame, heads)
    assert (list(pairs.columns), len(pairs)) == (["label", "other", "rows"], 0)


def test_labels_that_exclude_each_other_are_not_said_to_hold_together(copy):
    """One head of one label a row has no pairs to draw."""
    tree = YAML_SAFE.load((copy / "params.yaml").read_text(encoding="utf-8"))
    for section in ("heads", "source"):
        part = tree[TASK][section] if section == "heads" else tree[TASK][section]["labels"]
        for name in ("topic", "urgency"):
            del part[name]
    tree[TASK]["decision"] = {"rule": "argmax", "head": "scam"}
    with (copy / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree, stream)
    assert "cooccurrence" in (copy / "metrics" / TASK / "data.md").read_text(encoding="utf-8")
    profile.main(TASK)
    assert "cooccurrence" not in (copy / "metrics" / TASK / "data.md").read_text(encoding="utf-8")
    written = {file.name for file in (copy / "metrics" / TASK / "profile").iterdir()}
    assert written == {f"{name}.{end}" for name in ("labels", "characters", "tokens") for end in ("csv", "png")}


@pytest.mark.parametrize("values", [[1, 1, 1], [3], [0, 0]], ids=str)
def test_equal_lengths_make_a_histogram_too(values):
    found = profile.histogram({"characters": {"train": np.array(values)}})
    assert found["share"].sum() == pytest.approx(1, abs=1e-3)
    assert (found["from"] < found["to"]).all()


def test_bad_rows_and_the_agreement_of_annotators_are_shown_where_there_are_any(copy):
    plain = profile.page(TASK, {"prepare": PREPARE, "split": SPLIT}, metrics(copy), True)
    assert "bad rows" not in plain
    assert "## Annotators" not in plain
    agreement = {"kind": {"rows_tied": 3, "rows": 70, "alpha": 0.5}, "topic": {"rows_tied": 0, "money": {"rows": 9}}}
    more = {"rows_bad": 7, "bad_rows": {"ragged": 2, "zero_byte": 5}, "agreement": agreement, "rows_raw": 693}
    page = profile.page(TASK, {"prepare": PREPARE | more, "split": SPLIT}, metrics(copy), True)
    assert "Beside them 7 bad rows (1.00%) could not be read and were left out: 2 ragged, 5 zero byte." in page
    assert "| kind |  | 3 | 70 | 0.5000 |" in page
    assert "| topic | money |  | 9 |  |" in page
