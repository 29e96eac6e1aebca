"""A toy pipeline that is killed in each stage goes on to the same bytes; one with a defect does not, and is caught."""

import random

import pytest
import toyroad

from decant.proofs import kills
from decant.proofs.subject import Subject


def killed(subject: Subject, stages: dict[str, str], late=lambda: False) -> list[kills.Kill]:
    found = []
    kills.a_pass(subject, random.Random(5), stages, found.append, late)
    return found


def test_stages_that_are_killed_in_four_ways_come_out_the_same(subject):
    wanted = dict(zip(["prepare@toy", "teacher@toy", "soften@toy", "export@toy"], kills.KINDS, strict=True))
    found = killed(subject, wanted)
    assert {kill.stage: kill.kind for kill in found} == wanted
    assert [kill for kill in found if kill.halves or kill.damaged or kill.deaf] == []
    assert not subject.harm()


def test_a_stage_that_goes_on_from_what_a_kill_left_is_caught(toy, tmp_path):
    old = '    seal("models/toy/onnx/model.onnx", '
    new = (
        '    left = Path("left")\n    again = left.exists()\n    left.touch()\n    again or time.sleep(60)\n'
        + old
        + '("again" if again else "") + '
    )
    subject = toyroad.planted(tmp_path / "planted", toy, old, new)
    subject.seconds["export@toy"] = 5.0
    kills.a_pass(subject, Latest(), {"export@toy": "group"}, lambda _: None, lambda: False)
    assert any(line.startswith("export@toy: models/toy/onnx/model.onnx: ") for line in subject.harm().differing)


class Latest(random.Random):
    """The latest moment."""

    def uniform(self, low: float, high: float) -> float:
        return high


def test_an_out_that_is_half_written_at_that_moment_is_named(toy, tmp_path):
    old = "    (partial / path.name if folder else partial).write_bytes(content)\n"
    new = "    if path.suffix == '.onnx':\n        path.write_bytes(content[:9])\n        time.sleep(30)\n" + old
    subject = toyroad.planted(tmp_path / "planted", toy, old, new)
    subject.seconds["export@toy"] = 3.0
    kill = kills.one(subject, Latest(), {"export@toy": "group"}, "--force", "--single-item", "export@toy")
    assert kill.stage == "export@toy"
    assert kill.halves == ["models/toy/onnx/model.onnx"]


def test_a_run_that_does_not_listen_is_named_and_ended(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(kills, "PATIENCE", 1)
    subject = toyroad.planted(
        tmp_path / "planted",
        toy,
        "    time.sleep(0.3)",
        "    import signal\n    signal.signal(2, 1)\n    time.sleep(60)",
    )
    subject.seconds["export@toy"] = 1.5
    kill = kills.one(subject, Latest(), {"export@toy": "SIGINT"}, "--force", "--single-item", "export@toy")
    assert kill.deaf


def test_a_stage_that_goes_on_without_its_dvc_is_waited_for(subject, monkeypatch):
    left, asked = [["one"], ["one"], []], []
    monkeypatch.setattr(kills.orphans, "orphans", lambda root: asked.append(root) or left.pop(0))
    kills.waited(subject)
    assert asked == [subject.root] * 3


def test_nothing_is_killed_when_time_is_up(subject):
    assert killed(subject, {"export@toy": "group"}, late=lambda: True) == []
    assert not subject.harm()


@pytest.mark.parametrize("planted", ["an out", "an object", "a file of git", "a damaged object"])
def test_what_is_lost_or_differs_is_named(subject, planted):
    out = subject.root / "models/toy/onnx/model.onnx"
    there = toyroad.objects.cache(subject.root)[toyroad.objects.md5_of(out)]
    if planted == "an out":
        out.unlink()
        assert subject.harm().lost == ["models/toy/onnx/model.onnx"]
    elif planted == "an object":
        there.unlink()
        assert subject.harm().lost == [f"models/toy/onnx/model.onnx: {toyroad.objects.md5_of(out)} of the cache"]
    elif planted == "a file of git":
        (subject.root / "steps.py").unlink()
        (subject.root / ".gitignore").write_text("/data/\n/models/\n")
        assert subject.harm().lost == [".gitignore of git", "steps.py of git"]
    else:
        there.chmod(0o644)
        there.write_bytes(b"other")
        assert subject.harm().lost == [f"{toyroad.objects.md5_of(out)} of the cache is damaged"]
