"""reproduce: a run in a fresh clone has every md5, one changed row is seen, and other processors are compared row by row."""

import json
import shutil

import pandas as pd
import pytest
import toyroad

from decant.__main__ import main
from decant.errors import CacheError, RevisionError
from decant.proofs import alike, objects
from decant.proofs import reproduce as room
from decant.proofs.alike import Differing
from decant.proofs.objects import Out
from decant.proofs.reproduce import BYTES, ROWS, Compared, exact, reproduce
from decant.proofs.told import told

PROVENANCE = "metrics/toy/provenance.json"


@pytest.fixture
def clone(toy, tmp_path, monkeypatch):
    """A copy of the toy, which is the working folder."""
    folder = shutil.copytree(toy, tmp_path / "own", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def edited(folder, name, change):
    """A file of the clone changed and committed, with the dvc.lock of before."""
    file = folder / name
    before = file.read_text(encoding="utf-8")
    file.write_text(change(before), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != before
    toyroad.commit(folder, "edited")


def test_a_fresh_clone_in_hostile_surroundings_writes_every_md5_again(clone):
    found = reproduce("hostile")
    assert found.refused == []
    assert (found.how, found.outs, found.timings) == (BYTES, 8, 1)
    assert "8 of 8 outs have the md5 that dvc.lock has" in told(found)


def test_one_changed_row_is_seen_with_all_that_follows_from_it(clone):
    edited(clone, "steps.py", lambda text: text.replace("{n * 7 % 11}", "{n * 7 % 11 + (n == 20)}"))
    found = reproduce()
    stages = [one.stage for one in found.differing]
    assert stages[0] == "demo"
    assert {"prepare@toy", "teacher@toy", "soften@toy", "export@toy"} <= set(stages)
    assert "not the same: demo: data/raw/toy: " in told(found)


def test_on_another_processor_rows_are_compared_and_bytes_where_nothing_is_calculated(clone):
    edited(clone, PROVENANCE, lambda text: text.replace('"processor": "', '"processor": "another '))
    found = reproduce()
    assert found.how == ROWS
    assert list(found.others) == ["processor"]
    assert found.outs == 3  # of demo and prepare
    assert found.answers == {"toy": {"student": {"n": 40, "same": 40, "share": 1.0}}}
    assert found.figures["toy"]["student.accuracy"]["found"] == 0.9
    assert found.refused == []
    assert "compared row by row" in told(found)


def test_a_changed_row_is_seen_on_another_processor_too(clone):
    edited(clone, PROVENANCE, lambda text: text.replace('"processor": "', '"processor": "another '))
    edited(clone, "steps.py", lambda text: text.replace("{n * 7 % 11}", "{n * 7 % 11 + (n == 20)}"))
    assert [one.stage for one in reproduce().differing] == ["demo", "prepare@toy"]


def test_without_the_recorded_rows_another_processor_is_told_what_to_fetch_before_it_runs(clone, monkeypatch):
    edited(clone, PROVENANCE, lambda text: text.replace('"processor": "', '"processor": "another '))
    shutil.rmtree(clone / ".dvc/cache")
    monkeypatch.setattr(room.clone, "repro", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(CacheError, match=r"get it: dvc fetch models/toy/predictions\.parquet"):
        reproduce()


def test_here_overwrites_no_changes(clone):
    (clone / "params.yaml").write_text("tasks: [toy]\ntoy: {}\n", encoding="utf-8")
    with pytest.raises(RevisionError, match="changes that git does not have"):
        reproduce(here=True)


def test_a_lock_that_lacks_a_stage_is_refused_before_it_runs(clone):
    edited(clone, "dvc.lock", lambda text: text[: text.index("  teacher@toy:")])
    with pytest.raises(CacheError, match=r"dvc\.lock has no outs of teacher@toy.*Run dvc repro, and commit"):
        reproduce()


def test_a_run_that_stops_is_no_reproduction(clone):
    edited(clone, "steps.py", lambda text: text + "    sys.exit(3)\n")
    with pytest.raises(CacheError, match="dvc repro --force --no-run-cache stopped with status"):
        reproduce()


def frames(tmp_path, **columns):
    usual = {"id": [str(n) for n in range(100)], "text": ["t"] * 100, "answer": ["a"] * 100, "student": ["a"] * 100}
    usual["score_a"] = [0.5] * 100
    files = [tmp_path / "old.parquet", tmp_path / "new.parquet"]
    pd.DataFrame(usual).to_parquet(files[0])
    pd.DataFrame(usual | columns).to_parquet(files[1])
    return files


@pytest.mark.parametrize(("others", "refused"), [(5, False), (6, True)])
def test_at_least_95_of_100_rows_have_the_recorded_answer(tmp_path, others, refused):
    rows = alike.answers(*frames(tmp_path, student=["b"] * others + ["a"] * (100 - others)))
    assert rows == {"student": {"n": 100, "same": 100 - others, "share": 1 - others / 100}}
    assert bool(Compared(ROWS, {}, "plain", answers={"demo": rows}).refused) == refused


def test_other_test_rows_are_not_compared(tmp_path):
    with pytest.raises(CacheError, match="other test rows than were recorded"):
        alike.answers(*frames(tmp_path, id=[str(n + 1) for n in range(100)]))


FIGURES = {"student": {"n": 9, "macro_f1": 0.9, "macro_f1_low": 0.85, "macro_f1_high": 0.94}, "judged": {"n": 9}}


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        ({"student": {"macro_f1": 0.86}}, True),
        ({"student": {"macro_f1": 0.84}}, False),
        ({"student": {"macro_f1": 0.95}}, False),
        ({"student": {"macro_f1": float("nan")}}, False),
        ({"student": {}}, False),
        ({}, False),
    ],
)
def test_a_figure_stays_in_the_interval_that_was_recorded(found, holds):
    figures = alike.figures(FIGURES, found)
    assert list(figures) == ["student.macro_f1"]
    assert (alike.outlying(figures) == []) == holds
    assert bool(Compared(ROWS, {}, "plain", figures={"demo": figures}).refused) != holds


@pytest.mark.parametrize(
    ("after", "paths"),
    [
        ({"prepare@demo": {"a": Out("1", True), "b": Out("2", True)}, "benchmark@demo": {"c": Out("4", False)}}, []),
        ({"prepare@demo": {"a": Out("1", True), "b": Out("9", True)}, "benchmark@demo": {"c": Out("3", False)}}, ["b"]),
        ({"prepare@demo": {"a": Out("1", True)}}, ["b"]),
        ({}, ["a", "b"]),
    ],
)
def test_an_out_that_is_other_or_gone_differs_and_a_timing_never_does(after, paths):
    before = {"prepare@demo": {"a": Out("1", True), "b": Out("2", True)}, "benchmark@demo": {"c": Out("3", False)}}
    assert [one.path for one in alike.differing(before, after)] == paths


def test_other_libraries_leave_nothing_that_has_to_be_the_same_bytes():
    assert exact("split@demo", {"processor": ""})
    assert not exact("split@demo", {"processor": "", "numpy": ""})
    assert not exact("teacher@demo-minilm-13", {"processor": ""})


@pytest.mark.parametrize("differing", [[], [Differing("demo", "data/raw/demo", "1", "2")]])
def test_the_command_ends_with_1_where_something_differs(monkeypatch, capsys, differing):
    monkeypatch.setattr(room, "reproduce", lambda *_: Compared(BYTES, {}, "plain", outs=2, differing=differing))
    assert main(["reproduce", "--json"]) == len(differing)
    printed = json.loads(capsys.readouterr().out)
    assert (printed["how"], printed["same"]) == (BYTES, not differing)


def test_bytes_are_hashed_as_dvc_hashes_them(toy):
    for outs in toyroad.subject(toy).reference.values():
        for path, out in outs.items():
            assert objects.md5_of(toy / path) == out.md5
    assert objects.md5_of(toy.parent / "none") == ""
