"""Each fault on a toy pipeline, which stands it, and on one with a defect, which is caught."""

import random

import pytest
import toyroad

from decant.errors import CacheError
from decant.proofs import damaging, disk, objects, sharing
from decant.proofs.outcomes import Outcome, said
from decant.proofs.subject import Ended

CHANCE = random.Random(1)
IN_PLACE = "(partial / path.name if folder else partial).write_bytes(content)\n    os.replace(partial, target)"
THROUGH = (
    "if path.exists() and not folder:\n        with path.open('r+b') as file:\n            file.write(content)\n"
    "        return\n    " + IN_PLACE
)


def good(outcomes: list[Outcome]) -> None:
    assert outcomes
    assert [outcome for outcome in outcomes if not outcome.good] == []


# --- a disk that is full, and outs that may not be written ---


def test_a_full_disk_stops_a_stage_and_loses_nothing(subject, tmp_path):
    outcomes = disk.full(subject, CHANCE, ["soften@toy"], tmp_path / "work")
    good(outcomes)
    assert outcomes[0].fault in ("full disk (tmpfs)", "full disk (RLIMIT_FSIZE)")
    assert "stopped: " in outcomes[0].ended


def test_without_a_small_file_system_files_are_limited_and_it_is_said(subject, tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "mounted", lambda *_: False)
    outcomes = disk.full(subject, CHANCE, ["prepare@toy"], tmp_path / "work")
    good(outcomes)
    assert outcomes[0].fault == "full disk (RLIMIT_FSIZE)"
    assert "File too large" in outcomes[0].ended


def test_a_stage_that_goes_on_after_a_full_disk_is_caught(toy, tmp_path):
    old = "os.replace(partial, target)"
    new = old + "\n\n\nreal = Path.write_bytes\n" + (
        "def half(self, content):\n    try:\n        real(self, content)\n    except OSError:\n        real(self, content[:9])\n"
        "Path.write_bytes = half"
    )  # fmt: skip
    subject = toyroad.planted(tmp_path / "planted", toy, old, new)
    found = disk.limited(subject, random.Random(3), "prepare@toy")
    assert not found.good
    assert "data/toy/train.parquet: half-written" in found.wrong


def test_read_only_outs_stop_a_stage_or_are_replaced(subject):
    outcomes = disk.read_only(subject, ["teacher@toy"])
    good(outcomes)
    assert "Permission denied" in outcomes[0].ended


# --- damage ---


def test_a_flipped_byte_in_the_cache_is_found_and_mended(subject):
    good(damaging.flipped(subject, CHANCE, ["soften@toy"]))


def test_an_object_that_was_cut_short_is_found_and_mended(subject):
    good(damaging.cut_in_cache(subject, CHANCE, ["prepare@toy"]))


def test_dvc_alone_takes_a_flipped_byte_for_the_file_and_reading_all_bytes_does_not(subject):
    path = subject.root / "models/toy/soft/train.safetensors"
    whole = path.read_bytes()
    there = objects.cache(subject.root)[objects.md5_of(path)]
    damaging.flip(there, CHANCE)
    path.unlink()
    assert subject.whole().stages == []
    assert path.read_bytes() != whole
    assert "up to date" in subject.run("dvc", "status", "--no-updates").said
    with pytest.raises(CacheError, match="2 damaged") as refused:
        objects.refuse_damaged(subject.root)
    command = str(refused.value).partition("build them again: ")[2]
    assert subject.run("sh", "-c", command).status == 0
    assert path.read_bytes() == whole
    assert objects.refuse_damaged(subject.root) == 9


def test_outs_that_were_cut_short_are_refused_by_their_readers_and_brought_back(subject):
    outcomes = damaging.truncated(subject, CHANCE)
    good(outcomes)
    assert [outcome.fault for outcome in outcomes] == [f"truncated {kind}" for kind in damaging.KINDS]
    assert all("by hand: " in outcome.ended for outcome in outcomes)


def test_a_stage_that_takes_a_file_that_was_cut_short_is_caught(toy, tmp_path):
    subject = toyroad.planted(tmp_path / "planted", toy, "!= digest:", "== digest == 'never':")
    wrong = [line for outcome in damaging.truncated(subject, CHANCE, ["soft labels"]) for line in outcome.wrong]
    assert "export@toy took it" in wrong


def test_a_traceback_in_place_of_an_error_is_caught(toy, tmp_path):
    subject = toyroad.planted(tmp_path / "planted", toy, "sys.exit(f", "raise ValueError(f")
    wrong = [line for outcome in damaging.truncated(subject, CHANCE, ["ONNX"]) for line in outcome.wrong]
    assert any(line.startswith("evaluate@toy ended with a traceback: ValueError") for line in wrong)


# --- what several share ---


def test_two_runs_at_once_end_with_the_same_bytes(subject):
    good(sharing.at_once(subject, CHANCE, ["teacher@toy", "export@toy"]))


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "copy"])
def test_no_stage_writes_through_a_link(subject, kind):
    outcomes = sharing.links(subject, (kind,))
    good(outcomes)
    assert "6 stages ran by hand" in outcomes[0].ended


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_a_stage_that_writes_in_place_is_caught_though_the_bytes_are_the_same(toy, tmp_path, kind):
    subject = toyroad.planted(tmp_path / "planted", toy, IN_PLACE, THROUGH)
    (found,) = sharing.links(subject, (kind,))
    md5 = objects.md5_of(subject.root / "data/toy/train.parquet")
    assert f"prepare@toy wrote into {md5} of the cache" in found.wrong


def test_a_file_system_without_such_links_is_named(subject, monkeypatch):
    monkeypatch.setattr(subject, "run", lambda *words, **_: Ended(1 if "checkout" in words else 0, "no", [], 0.0))
    assert sharing.links(subject, ("reflink",))[0].ended == "this file system has none"


def test_a_remote_that_dies_in_the_middle_of_a_push_is_completed_by_the_next(subject, tmp_path):
    outcomes = sharing.dying_server(subject, random.Random(2), tmp_path)
    good(outcomes)
    assert "of 9 objects came, 0 of them half; stopped: " in outcomes[0].ended


def test_a_push_that_is_killed_is_completed_by_the_next(subject, tmp_path):
    good(sharing.killed_push(subject, CHANCE, tmp_path))


def test_a_remote_that_keeps_half_an_object_is_caught(subject, tmp_path, monkeypatch):
    def keep(self):
        file = self.server.folder / self.path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self._body()[:5])
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    monkeypatch.setattr(sharing.Failing, "do_PUT", keep)
    (found,) = sharing.dying_server(subject, CHANCE, tmp_path)
    assert any(line.startswith("the remote has a half-written ") for line in found.wrong)


def test_what_an_error_says_has_no_path_of_this_machine():
    text = "Traceback\nOSError: [Errno 28] No space left on device: '/far/away/models/demo/a.json' in models/demo\n"
    assert said(Ended(1, text, [], 0.0)) == "OSError: [Errno 28] No space left on device: '…/a.json' in models/demo"
