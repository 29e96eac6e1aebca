"""python -m decant why: what would run again, in the real dvc.yaml, against what was edited and against `dvc status`."""

import json
import re
import shutil
from pathlib import Path

import pytest
import recorded
from dvc.repo import Repo
from reviewing import write
from shell import run

from decant import code
from decant.__main__ import main
from decant.errors import CacheError, ParamsError, RevisionError
from decant.files import digest
from decant.review import modules
from decant.review.why import why
from decant.settings import check
from decant.verdict import lock

THRESHOLDS = "thresholds@demo, gate@demo, report@demo"  # what reads caps
NOTHING = "Nothing would run again: dvc.lock is of what lies here"
ROOT = Path(".")


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    return recorded.repository(tmp_path_factory.mktemp("recorded") / "repository")


READ: dict[tuple[str, bytes], tuple] = {}  # a module is read once, and again where a test has edited it


def read(module: str, root: Path, real=code.read) -> tuple:
    source = root / modules.file_of(module, root)
    key = module, source.read_bytes() if source.is_file() else b""
    if key not in READ:
        READ[key] = real(module, root)
    return READ[key]


@pytest.fixture
def here(original, tmp_path, monkeypatch) -> Path:
    """A copy to edit, with the working directory in it."""
    monkeypatch.setattr(code, "read", read)
    folder = tmp_path / "repository"
    shutil.copytree(original, folder)
    monkeypatch.chdir(folder)
    return folder


def edit(name: str, old: str, new: str) -> None:
    text = Path(name).read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{name}: {old}"
    write(Path(name), text.replace(old, new, 1))


def files(folder: Path) -> dict[str, str]:
    """Path -> digest of every file, those of git and dvc too."""
    every = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder).as_posix(): digest(file) for file in every}


def checked_anew(folder: Path) -> None:
    """What the stage check does."""
    for name, content in check.contents(root=ROOT).items():
        write(folder / "checked" / f"{name}.json", content)


def groups(text: str) -> dict[str, list[str]]:
    """Stages of a paragraph -> its lines. "Then also" has the lines of what follows."""
    found = {}
    for block in text.split("\n\n"):
        head, *lines = block.splitlines()
        found[re.sub(r" runs? again:$|:$|, where what .*", "", head)] = [line.strip() for line in lines]
    return found


def of(blocks: dict[str, list[str]], stage: str) -> list[str]:
    """The lines of the paragraph that a stage is in."""
    return next(lines for names, lines in blocks.items() if stage in names.split(", "))


def first(text: str) -> set[str]:
    """The stages with reasons of their own."""
    return {
        name
        for block in groups(text)
        for name in block.split(", ")
        if not block.startswith(("check ", "Nothing", "Then"))
    }


def test_nothing_runs_again_where_nothing_changed_and_nothing_is_written(here):
    before = files(here)
    assert why(root=ROOT) == NOTHING
    assert why("gate@demo", ROOT) == f"gate@demo: {NOTHING[0].lower()}{NOTHING[1:]}"
    assert files(here) == before


def test_a_param_is_named_with_both_values_before_what_follows(here):
    edit("params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.05}")
    before = files(here)
    text = why(root=ROOT)
    assert files(here) == before, "not even checked/"
    blocks = groups(text)
    assert text.startswith("check runs again, in seconds, and writes checked/ anew: params.yaml is not the one it ran")
    assert "param demo.thresholds.caps.scam: from 0.08 to 0.05" in blocks[THRESHOLDS]
    assert blocks["Then also"] == [
        "bundle@demo, after thresholds@demo",
        "evaluate@demo, after thresholds@demo, bundle@demo",
        "benchmark@demo, after bundle@demo",
        "crossfit@demo, after evaluate@demo",
    ]


def test_a_comment_and_a_docstring_run_check_alone(here):
    edit("params.yaml", "tasks:", "# a word\ntasks:")
    edit("decant/files.py", '"""Hex digest of a file\'s bytes."""', '"""Digest."""')
    check_alone, nothing = why(root=ROOT).splitlines()
    assert check_alone.endswith("params.yaml is not the one it ran with; decant is not the one it ran with")
    assert nothing == "Nothing else would run again: no setting, code or data is another one"


def test_a_function_is_named_with_its_module_and_the_commit_it_ran_with(here):
    commit = run(here, "git", "rev-parse", "HEAD").stdout[:9]
    edit("decant/report/figures.py", "several = len(labels) > MANY", "several = len(labels) >= MANY")
    edit("stages/profile.py", "def main(", "LIMIT = 3\n\n\ndef main(")
    edit("decant/settings/gates.py", "    min: float", "    most: float | None = None\n    min: float")
    text = why(root=ROOT)
    function = next(line for line in text.splitlines() if line.startswith("  decant/report/figures.py"))
    assert re.fullmatch(rf"  decant/report/figures\.py: function \w+ changed \(since {commit}\)", function)
    assert f"stages/profile.py: constant LIMIT added (since {commit})" in groups(text)["profile@demo"]
    assert f"decant/settings/gates.py: field Gate.most added (since {commit})" in groups(text)["gate@demo"]
    assert groups(text)["report@demo"][0] == "as above: decant/report/figures.py", "told once"
    assert first(text) == {"profile@demo", "gate@demo", "report@demo"}


def test_code_that_was_committed_and_not_run_is_compared_with_the_commit_that_ran(here):
    commit = run(here, "git", "rev-parse", "HEAD").stdout[:9]
    edit("stages/gate.py", "def main(", "LIMIT = 3\n\n\ndef main(")
    run(here, "git", "commit", "-qam", "code alone")
    write(here / "checked/code.json", code.digests(code.stages(here), here))
    run(here, "git", "commit", "-qam", "its digest alone")
    assert f"stages/gate.py: constant LIMIT added (since {commit})" in groups(why("gate", ROOT))["gate@demo"]


def test_code_that_no_commit_has_is_said_to_be_so(here):
    ran = json.loads((here / "checked/code.json").read_text(encoding="utf-8"))["gate"]
    edit("dvc.lock", ran, "0" * 64)
    [line, cached] = groups(why(root=ROOT))["gate@demo"]
    assert line == "code is another than it ran with, which no commit here has, so that the functions cannot be named"
    assert cached == "run cache: has it, so that nothing is computed", "for its inputs are those of the record"


def test_a_pinned_version_is_named(here):
    edit("constraints.txt", "matplotlib==", "matplotlib==9.")
    text = why(root=ROOT)
    assert first(text) == {"profile@demo", "report@demo"}
    assert re.search(r"package matplotlib: from (\S+) to 9\.\1 \(since ", text)


def test_a_changed_file_of_a_folder_is_named_and_one_of_git(here):
    write(here / "data/raw/demo/more.txt", "rows\n")
    edit("stages/golden.json", "Rent is due", "The rent is due")
    blocks = groups(why(root=ROOT))
    assert of(blocks, "bundle@demo")[0] == "stages/golden.json is not the one it ran with"
    # the stage demo wrote that folder, and the cache has what it wrote
    assert not any("more.txt" in line for lines in blocks.values() for line in lines)
    lines = (here / "dvc.yaml").read_text(encoding="utf-8")
    write(here / "dvc.yaml", lines.replace("    outs: [data/raw/demo]", "    outs: [data/raw/other]", 1))
    assert of(groups(why(root=ROOT)), "prepare@demo")[0] == "data/raw/demo: more.txt new"


def test_a_value_that_ran_before_comes_from_the_run_cache_and_nothing_follows(here):
    edit("params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.05}")
    recorded.recorded(here, "another cap")
    assert why(root=ROOT) == NOTHING
    edit("params.yaml", "caps: {scam: 0.05}", "caps: {scam: 0.08}")
    blocks = groups(why(root=ROOT))
    assert blocks[THRESHOLDS][-1] == "run cache: has it, so that nothing is computed"
    assert "Then also" not in blocks, "its outs are the same bytes"


def test_other_outs_of_the_run_cache_are_followed_by_what_it_has_of_the_next_stages(here):
    edit("params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.05}")
    write(here / "models/demo/thresholds.json", "others")
    recorded.recorded(here, "another cap")
    edit("params.yaml", "caps: {scam: 0.05}", "caps: {scam: 0.08}")
    blocks = groups(why(root=ROOT))
    assert (
        blocks["Then also"][0] == "bundle@demo, after thresholds@demo; run cache: has it, so that nothing is computed"
    )
    runs = here / ".dvc/cache/runs"
    runs.rename(here / "aside")
    blocks = groups(why(root=ROOT))
    assert "run cache: does not have it (thresholds@demo)" in blocks[THRESHOLDS]
    assert blocks["Then also"][0] == "bundle@demo, after thresholds@demo"
    (here / "aside").rename(runs)
    checked_anew(here)
    Repo(str(here)).reproduce(["thresholds@demo"], single_item=True)  # as dvc finds it too: it would fail if it ran
    assert (here / "models/demo/thresholds.json").read_text(encoding="utf-8") == "models/demo/thresholds.json"


def test_an_out_that_the_cache_can_restore_runs_nothing_and_one_that_is_lost_does(here):
    shutil.rmtree(here / "models/demo/student")
    assert why(root=ROOT) == NOTHING
    Repo(str(here)).reproduce(["distil@demo"], single_item=True)  # which would fail if it ran: its inputs are no models
    assert (here / "models/demo/student").is_dir()
    shutil.rmtree(here / "models/demo/student")
    md5 = lock.outs()["models/demo/student"]
    (here / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()
    blocks = groups(why(root=ROOT))
    assert blocks["distil@demo"] == [
        "models/demo/student is neither here nor in the cache; if a remote has it: dvc pull",
        "run cache: does not have it",
    ]
    assert blocks["Then also"][0] == "export@demo, after distil@demo"


def test_a_stage_that_never_ran_and_a_new_command_are_said_to_be_so(here):
    edit("params.yaml", "seeds: [13]", "seeds: [13, 14]")
    edit("dvc.yaml", "python -m stages.split ", "python -u -m stages.split ")
    blocks = groups(why(root=ROOT))
    assert of(blocks, "teacher@demo-minilm-14")[0] == "dvc.lock has no record of it: it has not run yet"
    assert of(blocks, "split@demo")[0] == "its command in dvc.yaml is another one"
    assert of(blocks, "soften@demo")[0] == "param seeds: from [13] to [13, 14]"


def test_a_target_shows_what_comes_before_it_and_nothing_that_follows(here):
    edit("params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.05}")
    assert first(why("bundle@demo", ROOT)) == {"thresholds@demo"}
    assert first(why("teacher", ROOT)) == set()
    assert why("teacher@demo", ROOT).splitlines()[-1].startswith("teacher@demo: nothing else would run again")
    assert "Then also" in groups(why("bundle", ROOT))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("params.yaml", "    clip: 1.0  # longest gradient", "    clip: 2.0  # longest gradient"),
        ("decant/heads.py", "import numpy as np", "import numpy as np\n\nMORE = 1"),
        ("constraints.txt", "scipy==", "scipy==9."),
        ("stages/demo.yaml", "\n", "\n# a word\n"),
    ],
)
def test_the_first_causes_are_those_that_dvc_sees_once_check_has_run(here, name, old, new):
    edit(name, old, new)
    said = first(why(root=ROOT))
    checked_anew(here)
    status = Repo(str(here)).status()
    assert said == {stage for stage in status if stage != "check"}
    assert said


def test_an_unknown_stage_no_lock_and_no_checkout_are_clear_errors(here, tmp_path, monkeypatch, capsys):
    with pytest.raises(ParamsError, match=r"no stage named 'gate@scam' for the tasks that params.yaml builds \(demo\)"):
        why("gate@scam", ROOT)
    assert main(["why", "teach"]) == 1
    assert "Stages are check, demo, prepare, " in capsys.readouterr().err
    (here / "dvc.lock").unlink()
    with pytest.raises(CacheError, match=r"dvc.lock: missing: nothing has run here yet.* Run: dvc repro"):
        why(root=ROOT)
    write(here / "dvc.lock", "<<<<<<< ours\n")
    with pytest.raises(CacheError, match=r"dvc.yaml or dvc.lock cannot be read"):
        why(root=ROOT)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RevisionError, match="no git checkout here"):
        why(root=ROOT)


def test_the_command_prints_it(here, capsys):
    assert main(["why", "gate@demo"]) == 0
    assert capsys.readouterr().out == f"gate@demo: {NOTHING[0].lower()}{NOTHING[1:]}\n"
