"""docs/why.md: its commands run, and what it shows is what they print after the two edits that it names."""

import re
import shlex
from pathlib import Path

import recorded
from graph import ROOT
from reviewing import write

from decant import paths
from decant.__main__ import main
from decant.files import write_json
from decant.review.why import why

PAGE = (ROOT / "docs/why.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m decant (.+)$", PAGE, re.MULTILINE)
SHOWN = re.search(r"```text\n(.*?)\n```", PAGE, re.DOTALL)[1]


def edit(name: str, old: str, new: str) -> None:
    text = Path(name).read_text(encoding="utf-8")
    assert old in text
    write(Path(name), text.replace(old, new, 1))


def test_the_page_shows_what_is_printed_and_its_commands_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(recorded.repository(tmp_path / "repository"))
    capsys.readouterr()
    assert COMMANDS == ["why", "why bundle@demo", "times"]
    assert main(shlex.split(COMMANDS[1])) == 0
    assert capsys.readouterr().out.startswith("bundle@demo: nothing would run again")
    write_json(paths.times("demo"), {"gate@demo": {"start": 0.4, "all": 0.5, "processor": 0.5}})
    assert main(["times"]) == 0
    assert "gate@demo" in capsys.readouterr().out
    paths.times("demo").unlink()
    edit("params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.05}")
    edit("decant/report/figures.py", "several = len(labels) > MANY", "several = len(labels) >= MANY")
    commit = r"since [0-9a-f]{9}"
    assert re.sub(commit, "since", why(root=Path("."))) == re.sub(commit, "since", SHOWN)
