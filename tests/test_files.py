"""Files appear whole or not at all, metrics hold nothing that DVC would drop, and errors name the file."""

import hashlib
import json

import numpy as np
import pytest

from decant.errors import CacheError
from decant.files import digest, read_json, slug, write_json, write_metrics, writing


def names(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def folder_with(path, **files: str) -> None:
    path.mkdir()
    for name, content in files.items():
        (path / name).write_text(content)


def test_writing_makes_a_file_and_its_folders(tmp_path):
    with writing(tmp_path / "a" / "b" / "x.txt") as partial:
        partial.write_text("new")
        assert not (tmp_path / "a" / "b" / "x.txt").exists()
        assert partial.parent == tmp_path / "a" / "b"  # a rename across file systems would not be one step
    assert (tmp_path / "a" / "b" / "x.txt").read_text() == "new"
    assert names(tmp_path) == ["a", "a/b", "a/b/x.txt"]


def test_writing_takes_a_path_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with writing("x.txt") as partial:
        partial.write_text("new")
    assert names(tmp_path) == ["x.txt"]


def test_writing_replaces_a_file(tmp_path):
    (tmp_path / "x.txt").write_text("old, and longer")
    with writing(tmp_path / "x.txt") as partial:
        partial.write_text("new")
    assert (tmp_path / "x.txt").read_text() == "new"
    assert names(tmp_path) == ["x.txt"]


def test_writing_replaces_a_folder_whole(tmp_path):
    folder_with(tmp_path / "model", old="1", both="1")
    with writing(tmp_path / "model") as partial:
        folder_with(partial, new="2", both="2")
    assert names(tmp_path) == ["model", "model/both", "model/new"]
    assert (tmp_path / "model" / "both").read_text() == "2"


def test_writing_puts_a_file_where_a_folder_was(tmp_path):
    folder_with(tmp_path / "x", old="1")
    with writing(tmp_path / "x") as partial:
        partial.write_text("new")
    assert (tmp_path / "x").read_text() == "new"


@pytest.mark.parametrize("before", [None, "file", "folder"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path, before, kind):
    target = tmp_path / "x"
    if before == "file":
        target.write_text("old")
    elif before == "folder":
        folder_with(target, old="1")
    there = names(tmp_path)

    def fail():
        with writing(target) as partial:
            if kind == "file":
                partial.write_text("half")
            else:
                folder_with(partial, half="1")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail()
    assert names(tmp_path) == there


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_process_left_is_not_mixed_in(tmp_path, kind):
    rest = tmp_path / ".x.partial"
    if kind == "file":
        rest.write_text("half")
    else:
        folder_with(rest, half="1")
    with writing(tmp_path / "x") as partial:
        folder_with(partial, new="1")
    assert names(tmp_path) == ["x", "x/new"]


def test_a_block_that_writes_nothing_keeps_the_old_folder(tmp_path):
    folder_with(tmp_path / "model", old="1")
    with pytest.raises(FileNotFoundError, match="model"), writing(tmp_path / "model"):
        pass
    assert names(tmp_path) == ["model", "model/old"]


def test_digest_is_that_of_the_bytes(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "x").write_bytes(content)
    assert digest(tmp_path / "x") == hashlib.sha256(content).hexdigest()
    assert digest(tmp_path / "x", "md5") == hashlib.md5(content).hexdigest()


def test_json_comes_back_as_it_was_written(tmp_path):
    content = {"b": [1, 2.5, None, True], "a": {"š": "ж 🎉 \u2028"}}
    write_json(tmp_path / "new" / "x.json", content)
    assert read_json(tmp_path / "new" / "x.json") == content
    text = (tmp_path / "new" / "x.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "ж" in text
    assert text.index('"b"') < text.index('"a"')


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()], ids=["nan", "inf", "object"])
def test_what_is_no_json_is_refused_and_nothing_is_written(tmp_path, value):
    with pytest.raises((ValueError, TypeError), match="JSON"):
        write_json(tmp_path / "x.json", {"a": value})
    assert names(tmp_path) == []


BROKEN = {
    "missing": (None, "missing. Run the stage that writes it: dvc repro"),
    "empty": (b"", "not JSON"),
    "cut": (b'{"a": 1', "not JSON"),
    "text": (b"version https://git-lfs", "not JSON"),
    "not UTF-8": (b'{"a": "\xff\xfe"}', "not JSON"),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_json_names_the_file(tmp_path, content, words):
    file = tmp_path / "x.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CacheError, match=rf"x\.json: {words}"):
        read_json(file)


SLUGS = {
    "plain": ("scam", "scam"),
    "upper case": ("Scam", "scam"),
    "dots": ("topic.crypto", "topic_crypto"),
    "several at once": ("a | b / c", "a_b_c"),
    "at the ends": (" .scam?! ", "scam"),
    "digits and dashes stay": ("top-5_x", "top-5_x"),
    "accents": ("café", "caf"),
    "nothing left": ("!!!", "label"),
    "empty": ("", "label"),
}


@pytest.mark.parametrize(("name", "key"), SLUGS.values(), ids=SLUGS)
def test_a_slug_is_a_safe_metric_key(tmp_path, name, key):
    assert slug(name) == key
    assert slug(key) == key
    write_metrics(tmp_path / "m.json", {slug(name): 1})
    assert json.loads((tmp_path / "m.json").read_text()) == {key: 1}


NUMBERS = {
    "a false-positive rate just over a bound": (0.020038, 0.020038),
    "the last bit": (0.1 + 0.2, 0.30000000000000004),
    "small": (1e-9, 1e-9),
    "whole": (7, 7),
    "text": ("green", "green"),
    "true": (True, True),
    "numpy float64": (np.float64(2 / 3), 2 / 3),
    "numpy float32": (np.float32(0.1), float(np.float32(0.1))),
    "numpy int": (np.int64(7), 7),
    "numpy bool": (np.bool_(False), False),
    "nested": ({"b": {"c": np.float32(0.5)}}, {"b": {"c": 0.5}}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize(("value", "written"), NUMBERS.values(), ids=NUMBERS)
def test_metrics_stay_as_they_are(tmp_path, value, written):
    write_metrics(tmp_path / "m.json", {"a": value})
    found = json.loads((tmp_path / "m.json").read_text())
    assert found == {"a": written}
    assert type(found["a"]) is type(written)


REFUSED = {
    "list": ({"a": [1]}, "m.json: a: list is not a metric"),
    "tuple": ({"a": (1,)}, "a: tuple is not a metric"),
    "none": ({"a": None}, "a: NoneType is not a metric"),
    "nan": ({"a": {"b": float("nan")}}, "m.json: a: b: nan is not a metric"),
    "infinity": ({"a": float("-inf")}, "a: -inf is not a metric"),
    "numpy nan": ({"a": np.float32("nan")}, "a: nan is not a metric"),
    "numpy array": ({"a": np.array([1.0, 2.0])}, "a: ndarray is not a metric"),
    "numpy array of one": ({"a": np.array([1.0])}, "a: ndarray is not a metric"),
    "dot in a key": ({"a": {"b.c": 1}}, "m.json: a: key 'b.c' is unsafe"),
    "blank in a key": ({"a b": 1}, "m.json: key 'a b' is unsafe"),
    "pipe in a key": ({"a|b": 1}, "key 'a|b' is unsafe"),
    "line break after a key": ({"a\n": 1}, r"key 'a\\n' is unsafe"),
    "empty key": ({"": 1}, "key '' is unsafe"),
}


@pytest.mark.parametrize(("metrics", "words"), REFUSED.values(), ids=REFUSED)
def test_metrics_that_dvc_would_drop_are_refused_and_nothing_is_written(tmp_path, metrics, words):
    with pytest.raises(ValueError, match=words.replace("|", r"\|")):
        write_metrics(tmp_path / "m.json", metrics)
    assert names(tmp_path) == []
