"""Cached scores: they come back as they were written, for the rows they were written for, or not at all."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from decant.errors import CacheError
from decant.members import scores

IDS = ["a-1", "a-2", "b-1", "ü ✓"]
SOURCES = {"table": "0123", "encoder": "4567"}


def arrays():
    rng = np.random.default_rng(0)
    return {"linear": rng.random((4, 3)).astype(np.float16), "pooled": rng.random((4, 8)).astype(np.float32)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "soft" / "train.safetensors"
    scores.save(path, IDS, arrays(), SOURCES)
    return path


def change(path, old: bytes, new: bytes):
    """Replace bytes of the file by as many others."""
    content = path.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))


def test_scores_come_back_as_they_were(file):
    found = scores.load(file, IDS, SOURCES)
    assert set(found) == {"linear", "pooled"}
    for name, array in arrays().items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param(["1", "2", "3"], id="numbers"),
        pytest.param(["é", "", "日本"], id="not ASCII, one empty"),
        pytest.param(["x\ny", "x", "y"], id="a line break within an id"),
    ],
)
def test_any_id_comes_back(tmp_path, ids):
    path = tmp_path / "x.safetensors"
    scores.save(path, ids, {"a": np.arange(3.0)}, {})
    np.testing.assert_array_equal(scores.load(path, ids)["a"], [0, 1, 2])


def test_strided_arrays_come_back_in_order(tmp_path):
    path = tmp_path / "x.safetensors"
    columns = np.arange(12.0).reshape(3, 4).T
    scores.save(path, IDS, {"a": columns}, {})
    np.testing.assert_array_equal(scores.load(path, IDS)["a"], columns)


def test_same_scores_same_bytes(file, tmp_path):
    again = tmp_path / "again.safetensors"
    scores.save(again, IDS, dict(reversed(arrays().items())), dict(reversed(SOURCES.items())))
    assert again.read_bytes() == file.read_bytes()


def test_arrays_of_another_length_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="linear has 4 rows for 3 ids"):
        scores.save(tmp_path / "x.safetensors", IDS[:3], arrays(), {})
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CacheError, match=r"none\.safetensors: missing\. Run dvc repro"):
        scores.load(tmp_path / "none.safetensors", IDS)


def test_tampered_numbers_are_refused(file):
    number = arrays()["linear"].tobytes()
    change(file, number, number[:-1] + bytes([number[-1] ^ 1]))
    with pytest.raises(CacheError, match="not what was written"):
        scores.load(file, IDS, SOURCES)


def test_tampered_ids_are_refused_even_for_the_tampered_rows(file):
    content = file.read_bytes()
    assert content.count(b"a-1") == content.count(b"a-2") == 1
    file.write_bytes(content.replace(b"a-1", b"a-?").replace(b"a-2", b"a-1").replace(b"a-?", b"a-2"))
    for ids in (IDS, ["a-2", "a-1", *IDS[2:]]):
        with pytest.raises(CacheError, match="not what was written"):
            scores.load(file, ids, SOURCES)


def test_a_renamed_array_is_refused(file):
    change(file, b'"linear"', b'"lineal"')
    with pytest.raises(CacheError, match="not what was written"):
        scores.load(file, IDS)


@pytest.mark.parametrize("length", [0, 7, 40, -1], ids=lambda length: f"{length} bytes")
def test_a_truncated_file_is_refused(file, length):
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(CacheError, match=r"not a score file .*dvc checkout"):
        scores.load(file, IDS)


def test_a_file_without_a_checksum_is_refused(file):
    stored = load_file(file)
    save_file(stored, file)
    with pytest.raises(CacheError, match="checksum differs"):
        scores.load(file, IDS)


def test_a_header_that_is_not_json_is_refused(file):
    stored = load_file(file)
    save_file(stored, file, metadata={"decant": "{"})
    with pytest.raises(CacheError, match="not a score file"):
        scores.load(file, IDS)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        pytest.param(
            [*IDS[:3], "c-9"], "4 rows that are not the 4 asked for .*first difference: ü ✓", id="another row"
        ),
        pytest.param(IDS[:3], "4 rows that are not the 3 asked for .*the number of rows", id="fewer rows"),
        pytest.param([*IDS, "c-9"], "4 rows that are not the 5 asked for .*the number of rows", id="more rows"),
        pytest.param([IDS[1], IDS[0], *IDS[2:]], "first difference: a-1", id="another order"),
    ],
)
def test_other_rows_are_refused(file, ids, words):
    with pytest.raises(CacheError, match=words):
        scores.load(file, ids, SOURCES)


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        pytest.param({"table": "0123", "encoder": "9999"}, "encoder", id="another digest"),
        pytest.param({"table": "0123", "teacher": "4567"}, "teacher", id="a source it never had"),
    ],
)
def test_other_sources_are_refused(file, sources, name):
    with pytest.raises(CacheError, match=f"computed from another {name}"):
        scores.load(file, IDS, sources)
