"""How long stages took: the table, and what `why` says of them."""

import pytest

from decant import paths
from decant.__main__ import main
from decant.errors import CacheError
from decant.files import write_json
from decant.review import durations

TIMES = {
    "split@demo": {"start": 0.6, "all": 0.8, "processor": 0.7},
    "teacher@demo-minilm-13": {"start": 6.0, "training": 90.0, "all": 120.0, "processor": 118.0},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json(paths.times("demo"), TIMES)


def test_the_longest_stage_comes_first_with_the_shares_of_its_parts():
    head, *rows = durations.table(["demo", "other"]).splitlines()
    assert head.split() == ["demo", "minutes", "processor", "start-up", "training", "scoring"]
    assert [row.split() for row in rows] == [
        ["teacher@demo-minilm-13", "2.00", "1.97", "5%", "75%", "0%"],
        ["split@demo", "0.01", "0.01", "75%", "0%", "0%"],
        ["together", "2.01", "1.98", "5%", "75%", "0%"],
    ]


def test_without_any_times_the_command_says_what_brings_them(capsys):
    assert main(["times", "--task", "other"]) == 1
    assert "dvc has run no stage here since times are kept. Run: dvc repro" in capsys.readouterr().err
    assert main(["times", "--task", "demo"]) == 0
    assert "teacher@demo-minilm-13" in capsys.readouterr().out


def test_why_says_what_stages_took(tmp_path):
    write_json(paths.times("a-b"), {"teacher@a-b-minilm-13": {"start": 1.0, "all": 60.0, "processor": 60.0}})
    assert durations.took(["teacher@demo-minilm-13"]) == "took 2.0 minutes here the last time"
    both = ["teacher@demo-minilm-13", "teacher@a-b-minilm-13"]
    assert durations.took(both) == "took 3.0 minutes here the last time"
    assert durations.took([*both, "gate@demo"]) == f"took 3.0 minutes here the last time ({', '.join(both)})"
    assert durations.took(["split@demo"]) == "took seconds here the last time"
    assert durations.took(["gate@demo"]) is None


def test_a_broken_file_is_named():
    paths.times("demo").write_text("{", encoding="utf-8")
    with pytest.raises(CacheError, match=r"metrics/demo/times\.json: not JSON"):
        durations.table(["demo"])
