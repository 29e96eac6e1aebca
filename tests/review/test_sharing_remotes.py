"""docs/team.md over a folder, SSH, S3 and HTTP: what one shares, a colleague's clone takes, and `dvc repro` runs no stage.

All commands are those of the page and of what `make share` prints. What is
shared has been built before, by the fixture short.
"""

import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import remotes
import shortroad
import teampage
from shell import run
from teampage import typed

NOTHING = "Data and pipelines are up to date."


@dataclass
class Team:
    place: Path
    remote: remotes.Remote
    said: str  # by `make share`, on main

    @property
    def ours(self) -> Path:
        return self.place / "ours"

    def typed(self, folder: Path, text: str) -> list[str]:
        """Lines of the page, or of `make share`; the page's experiment is one of this road's here."""
        settings = [*self.remote.options, *self.remote.own]
        own = "\n".join(f"dvc remote modify --local team {key} {value}" for key, value in settings)
        text = text.replace(teampage.OWN, own).replace(teampage.ADDRESS, self.remote.url)
        return typed(folder, text, self.remote.environment)


def told(said: str) -> str:
    """What a colleague types, as `make share` prints it."""
    return "\n".join(line.strip() for line in said.splitlines() if line.startswith("  "))


@pytest.fixture(scope="module", params=remotes.KINDS)
def team(request, short, tmp_path_factory):
    """Monday: a remote is named and main is shared."""
    place = tmp_path_factory.mktemp(request.param)
    shutil.copytree(short, place, symlinks=True, dirs_exist_ok=True)
    with ExitStack() as stack:
        remote = stack.enter_context(remotes.KINDS[request.param](place / "remote"))
        team = Team(place, remote, "")
        *_, team.said = team.typed(team.ours, teampage.block("Monday", 0))
        yield team


@pytest.fixture(scope="module")
def theirs(team):
    """Who is new, by the page; what the last command said is in said.txt."""
    theirs = shortroad.clone(team.place, "theirs")
    *_, said = team.typed(theirs, teampage.block("Monday", 1))
    (theirs / "said.txt").write_text(said, encoding="utf-8")
    return theirs


def runs_nothing(said: str) -> bool:
    return "Running stage" not in said and NOTHING in said


def records(folder: Path) -> set[str]:
    """Of the run cache."""
    runs = folder / ".dvc/cache/runs"
    return {file.relative_to(runs).as_posix() for file in runs.rglob("*") if file.is_file()}


def test_who_is_new_pulls_and_no_stage_runs(team, theirs):
    assert runs_nothing((theirs / "said.txt").read_text(encoding="utf-8"))
    assert run(theirs, "git", "status", "--porcelain", "--untracked-files=no").stdout == ""
    assert records(theirs) == records(team.ours)


def test_it_says_what_went_where_and_the_second_time_that_all_was_there(team):
    assert f"remote team: {team.remote.url}\n" in team.said
    assert re.search(r"went there: 4 of 4 objects, 0\.\d MB", team.said)
    assert "records of 3 runs" in team.said, "of demo, with three numbers of rows"
    again = team.typed(team.ours, "make share")[0]
    assert "went there: nothing, for all 4 objects were there" in again
    assert told(again) == told(team.said)


def test_it_tells_a_colleague_to_type_what_the_page_does(team):
    page = [line for line in teampage.block("Monday", 1).splitlines() if line.startswith("dvc")]
    all_the_same = [f"dvc remote modify --local team {key} {value}" for key, value in team.remote.options]
    assert told(team.said).splitlines() == [
        line
        for each in page
        for line in (all_the_same if each == teampage.OWN else [each.replace(teampage.ADDRESS, team.remote.url)])
    ]


def test_figures_come_from_git_and_without_them_stages_would_run(team, theirs):
    for name in ("metrics", "checked"):
        shutil.rmtree(theirs / name)
    would = run(theirs, "dvc", "status", "--no-updates", environment=team.remote.environment).stdout
    assert "metrics/demo/prepare.json" in would
    run(theirs, "git", "checkout", "HEAD", "--", "metrics", "checked")
    assert runs_nothing(team.typed(theirs, "dvc repro")[0])


def test_after_an_experiment_was_pushed_no_stage_runs(team, theirs):
    push = next(line for line in teampage.block("Wednesday", 0).splitlines() if "exp push" in line)
    team.typed(team.ours, push)
    pull = [line for line in teampage.block("Wednesday", 1).splitlines() if "exp pull" in line or "exp apply" in line]
    *_, said = team.typed(theirs, "\n".join([*pull, "dvc repro"]))
    assert shortroad.rows(theirs) == shortroad.ROWS["wide"]
    assert runs_nothing(said)


def test_after_a_change_of_params_by_a_colleague_no_stage_runs(team, theirs):
    run(team.ours, "git", "switch", "-q", "more")
    _, said, _ = team.typed(team.ours, "dvc checkout\nmake share\ngit push -q -u origin HEAD")
    assert re.search(r"went there: \d of \d objects", said)
    assert "Run: git push -u origin HEAD" in said
    run(theirs, "git", "fetch", "-q")
    run(theirs, "git", "checkout", "-q", "HEAD", "--", ".")  # what an experiment has left
    run(theirs, "git", "switch", "-q", "more")
    assert shortroad.rows(theirs) == shortroad.ROWS["more"]
    *_, said = team.typed(theirs, "dvc pull --run-cache --allow-missing\ndvc repro")
    assert runs_nothing(said)


def test_who_makes_the_same_change_takes_the_stage_from_the_run_cache(short, tmp_path):
    shutil.copytree(short, tmp_path, symlinks=True, dirs_exist_ok=True)
    with remotes.folder(tmp_path / "remote") as remote:
        team = Team(tmp_path, remote, "")
        run(team.ours, "git", "switch", "-q", "more")
        team.typed(team.ours, f"dvc checkout\ndvc remote add --local --default team {remote.url}\nmake share")
        theirs = shortroad.clone(tmp_path, "theirs")
        shortroad.rows(theirs, shortroad.ROWS["more"])
        add = f"dvc remote add --local --default team {remote.url}"
        *_, said = team.typed(theirs, f"{add}\ndvc pull --run-cache --allow-missing\ndvc repro --pull demo")
        assert "Stage 'demo' is cached - skipping run" in said


def test_over_http_a_colleague_reads_what_was_pushed_to_the_folder_behind_it(short, tmp_path):
    shutil.copytree(short, tmp_path, symlinks=True, dirs_exist_ok=True)
    with remotes.folder(tmp_path / "remote") as behind, remotes.http_of(behind.store) as read:
        behind.store.mkdir()
        team = Team(tmp_path, behind, "")
        team.typed(team.ours, f"dvc remote add --local --default team {read.url}")
        refused = run(team.ours, "python", "-m", "decant", "share", check=False).stderr
        mend = "dvc remote modify --local team url "
        assert "is read over HTTP, which takes no run cache" in refused
        assert refused.rstrip().endswith(f"Run: {mend}URL")
        team.typed(team.ours, f"{mend}{behind.url}\nmake share")
        for branch in ("main", "more"):
            theirs = shortroad.clone(tmp_path, branch)
            if branch == "more":
                run(team.ours, "git", "switch", "-q", branch)
                team.typed(team.ours, "dvc checkout\nmake share\ngit push -q -u origin HEAD")
                run(theirs, "git", "fetch", "-q")
                run(theirs, "git", "switch", "-q", branch)
            team.typed(theirs, f"dvc remote add --local --default team {read.url}\ndvc pull --allow-missing")
            assert runs_nothing(team.typed(theirs, "dvc repro")[0])
