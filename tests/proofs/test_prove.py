"""prove: parts that are asked for, a table that a command writes, and a start that goes on where the last one stopped."""

import json
import shutil

import pytest

from decant.__main__ import main
from decant.errors import CacheError, ParamsError
from decant.proofs import prove as room
from decant.proofs import table
from decant.proofs.outcomes import Outcome
from decant.proofs.subject import Subject

CALM, HARM = (
    Outcome("calm", "there", "stopped: so"),
    Outcome("harm", "a|b", "ended", lost=["x"], wrong=["<b> took `it`"]),
)


@pytest.fixture
def clone(toy, tmp_path, monkeypatch):
    folder = shutil.copytree(toy, tmp_path / "own", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def prepared(monkeypatch, toy, **parts):
    """Parts of nothing but their outcomes, on a clone that was measured in no time."""

    def measure(self):
        shutil.rmtree(self.root)
        shutil.copytree(toy, self.root, symlinks=True)
        self.reference = {name: {} for name in ("demo", "prepare@toy")}
        self.seconds = dict.fromkeys(self.reference, 1.0)

    monkeypatch.setattr(Subject, "measure", measure)
    monkeypatch.setattr(Subject, "reset", lambda _: None)
    monkeypatch.setattr(Subject, "whole", lambda _: None)
    monkeypatch.setattr(room, "plan", lambda _: parts)


def test_one_part_of_the_real_thing_ends_in_a_table_and_a_page(clone, capsys):
    assert main(["prove", "--task", "toy", "--only", "two at once"]) == 0
    found = json.loads((clone / "metrics/proofs/toy.json").read_text())
    assert (found["n"], found["lost"], found["differing"], found["wrong"]) == (2, 0, 0, 0)
    assert found["kills"] | {"by_stage": 0} == {
        "n": 0, "stages": 7, "stages_hit": 0, "half_written_at_that_moment": 0, "damaged_objects_at_that_moment": 0,
        "deaf": 0, "by_stage": 0,
    }  # fmt: skip
    page = (clone / "metrics/proofs/toy.md").read_text()
    assert page == capsys.readouterr().out
    assert "**0 kills and 2 faults: 0 files lost, 0 outs with other bytes, 0 other things wrong.**" in page


def test_harm_is_in_the_table_and_ends_the_command_with_1(clone, toy, monkeypatch, capsys):
    prepared(monkeypatch, toy, calm=lambda *_: [CALM], harm=lambda *_: [HARM])
    assert main(["prove", "--task", "toy"]) == 1
    printed = capsys.readouterr()
    assert "| calm | there | stopped: so | 0 | 0 | nothing |" in printed.out
    assert "| harm | a\\|b | ended | 1 | 0 | &lt;b> took 'it' |" in printed.out
    assert "2 things are not as they were" in printed.err


def test_a_part_that_breaks_off_is_a_fault_and_the_next_one_runs(clone, toy, monkeypatch):
    def breaks(*_):
        raise CacheError("dvc repro stopped")

    prepared(monkeypatch, toy, breaks=breaks, calm=lambda *_: [CALM])
    found = room.prove("toy")
    assert [one["fault"] for one in found["faults"]] == ["breaks", "calm"]
    assert found["faults"][0]["wrong"] == ["dvc repro stopped"]


def test_what_time_did_not_reach_is_named_and_resumed_without_a_second_run_of_the_rest(clone, toy, monkeypatch):
    prepared(monkeypatch, toy, calm=lambda *_: [CALM], later=lambda *_: [CALM])
    monkeypatch.setattr(room.time, "monotonic", iter([0, 1, 61, 62, 63, 64]).__next__)
    first = room.prove("toy", minutes=1)
    assert (first["n"], first["not_run"]) == (1, ["later"])
    assert "Not run, for time was up: later." in table.page(first)
    monkeypatch.undo()
    monkeypatch.chdir(clone)
    monkeypatch.setattr(room, "plan", lambda _: {"calm": lambda *_: pytest.fail("twice"), "later": lambda *_: [CALM]})
    second = room.prove("toy", resume=True)
    assert (second["n"], second["not_run"]) == (2, [])


def test_kills_that_time_cut_short_are_gone_on_with(clone, toy, monkeypatch):
    """The stages that were hit are not hit again."""
    wanted = []

    def a_pass(subject, chance, stages, noted, late):
        wanted.append(list(stages))
        noted(room.kills.Kill(next(iter(stages)), "group", 0.1))

    prepared(monkeypatch, toy, **{"kills 1": room.killing(0)})
    monkeypatch.setattr(room.kills, "a_pass", a_pass)
    monkeypatch.setattr(Subject, "harm", lambda _: room.Harm())
    monkeypatch.setattr(room.time, "monotonic", iter([0, 1, *[99] * 9]).__next__)
    assert room.prove("toy", minutes=1)["not_run"] == ["kills 1"]
    monkeypatch.setattr(room.time, "monotonic", lambda: 0)
    found = room.prove("toy", minutes=1, resume=True)
    assert wanted == [["demo", "prepare@toy"], ["prepare@toy"]]
    assert (found["kills"]["stages_hit"], found["not_run"]) == (2, [])


def test_a_stage_has_another_kind_in_each_round(toy):
    assert len({tuple(kinds_of(number)) for number in range(4)}) == 4
    assert all(len({kinds_of(number)[stage] for number in range(4)}) == 4 for stage in range(2))


def kinds_of(number):
    """The kinds that two stages are killed by in a round."""
    record = room.Record("toy", 13, "c", seconds={"a": 1, "b": 1})
    record.kills = [room.kills.Kill(stage, "group", 0.1) for stage in "ab" * number]
    subject, seen = Subject(room.Path(".")), []
    subject.reference = {"a": {}, "b": {}}
    subject.harm = room.Harm
    real, room.kills.a_pass = room.kills.a_pass, lambda subject, chance, stages, noted, late: seen.append(stages)
    try:
        room.killing(number)(subject, None, None, record, lambda: False)
    finally:
        room.kills.a_pass = real
    return list(seen[0].values())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"task": "toys"}, ParamsError, "no task block named 'toys'"),
        ({"task": "toy", "parts": ["floods"]}, ParamsError, r"--only: found floods; parts are kills 1, full disk, "),
        ({"task": "toy", "resume": True}, CacheError, "Begin anew: leave out --resume"),
    ],
)
def test_what_cannot_be_proven_is_refused(clone, arguments, error, words):
    with pytest.raises(error, match=words):
        room.prove(**arguments)
