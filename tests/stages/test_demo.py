"""The demo data: same bytes everywhere, the promised shares, and no single word that gives the label away."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import mean, median

import pytest

from stages import demo

ROOT = Path(__file__).resolve().parents[2]
ROWS, SEED = 3000, 7


@pytest.fixture(scope="module")
def rows():
    return demo.generate(ROWS, SEED, 0.03)


@pytest.fixture(scope="module")
def pure():
    return demo.generate(ROWS, SEED, 0.0)


def final_class(row):
    if row["kind"] == "scam":
        return "scam"
    return "crypto" if "crypto" in row["topics"].split("|") else "clean"


def test_same_bytes_in_other_processes():
    code = (
        "import json, sys; from stages.demo import generate; "
        "sys.stdout.buffer.write(json.dumps(generate(400, 5, 0.03)).encode())"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for hash_seed in ("0", "4242")
    ]
    assert outputs[0] == outputs[1] == json.dumps(demo.generate(400, 5, 0.03)).encode()


def test_another_seed_gives_other_posts(rows):
    other = {row["text"] for row in demo.generate(ROWS, SEED + 1, 0.03)}
    assert len(other & {row["text"] for row in rows}) < 0.05 * ROWS


def test_more_rows_keep_the_first_ones(rows):
    assert demo.generate(200, SEED, 0.03) == rows[:200]


def test_columns_and_values(rows):
    assert len(rows) == ROWS
    assert len({row["id"] for row in rows}) == ROWS
    assert rows[0]["id"] == "demo-00001"
    for row in rows:
        assert list(row) == ["id", "text", "kind", "topics", "urgency", "handle", "time"]
        assert row["kind"] in ("scam", "clean")
        assert row["topics"] in ("", "crypto", "money", "crypto|money")
        assert 0.0 <= row["urgency"] <= 1.0
        assert row["urgency"] == round(row["urgency"], 3)
        assert row["handle"].startswith("@")
        assert datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%SZ").year == 2025
        assert row["text"] == row["text"].strip()
        assert not set("{}[]") & set(row["text"]), "a template that was not filled in"
    times = [row["time"] for row in rows]
    assert times != sorted(times)


def test_shares_of_the_classes(rows):
    share = {name: count / ROWS for name, count in Counter(map(final_class, rows)).items()}
    assert 0.19 < share["scam"] < 0.26
    assert 0.19 < share["crypto"] < 0.28
    assert 0.48 < share["clean"] < 0.60
    assert 0.31 < mean("crypto" in row["topics"] for row in rows) < 0.40
    assert 0.25 < mean("money" in row["topics"] for row in rows) < 0.45


def test_noise_changes_labels_only(rows, pure):
    label = ("kind", "topics")
    for noisy, plain in zip(rows, pure, strict=True):
        assert {k: v for k, v in noisy.items() if k not in label} == {k: v for k, v in plain.items() if k not in label}
    changed = [(a, b) for a, b in zip(rows, pure, strict=True) if any(a[k] != b[k] for k in label)]
    assert 0.02 < len(changed) / ROWS < 0.04
    assert {k for a, b in changed for k in label if a[k] != b[k]} == set(label)


def test_urgency_rises_with_the_deadline(pure):
    levels = {"minutes": [], "today": [], "week": [], "none": []}
    for row in pure:
        low = row["text"].lower()
        found = [any(phrase.lower() in low for phrase in phrases) for _, phrases in demo.DEADLINES]
        if sum(found) <= 1:
            levels[list(levels)[found.index(True) if any(found) else 3]].append(row["urgency"])
    assert all(len(values) > 50 for values in levels.values())
    minutes, today, week, none = (mean(values) for values in levels.values())
    assert minutes > today + 0.1 > week + 0.2 > none + 0.25


def test_urgency_is_no_proxy_of_scam(pure):
    scam, clean = (mean(row["urgency"] for row in pure if row["kind"] == kind) for kind in ("scam", "clean"))
    assert abs(scam - clean) < 0.08


def test_few_duplicates_but_some_reposts(rows):
    repeated = ROWS - len({row["text"] for row in rows})
    assert 0 < repeated < 0.03 * ROWS
    authors = {}
    for row in rows:
        authors.setdefault(row["text"], set()).add(row["handle"])
    assert any(len(handles) > 1 for handles in authors.values())


def test_authors_have_a_long_tail_and_write_both_kinds(rows):
    posts = Counter(row["handle"] for row in rows)
    assert 300 <= len(posts) <= 350
    assert max(posts.values()) > 10 * median(posts.values())
    kinds = Counter(handle for handle, _ in {(row["handle"], row["kind"]) for row in rows})
    assert sum(count == 2 for count in kinds.values()) > 50


WORDS = ["free", "claim", "wallet", "dm me", "double", "verif", "guarante", "http", "#"]


@pytest.mark.parametrize("word", WORDS)
def test_no_word_belongs_to_one_side(pure, word):
    kinds = Counter(row["kind"] for row in pure if word in row["text"].lower())
    assert kinds["scam"] >= 5
    assert kinds["clean"] >= 5
