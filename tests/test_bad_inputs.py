"""Bad inputs over the whole product: how many there are, and that one counts only where an error of ours says what is wrong."""

import re
import sys

import pytest
from graph import ROOT
from shell import run

LEAST = 250
PATHS = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests/support'}"}
FILES = sorted(
    path for path in (ROOT / "tests").rglob("test_*.py") if "@pytest.mark.bad_input" in path.read_text(encoding="utf-8")
)


def pytested(folder, *arguments: str):
    return run(folder, sys.executable, "-m", "pytest", "-q", *arguments, check=False, environment=PATHS)


def cases(session: pytest.Session) -> list[str]:
    """All that are marked: those of this run, or where it has not all the files, those that pytest finds in them."""
    if {item.path for item in session.items} >= set(FILES):
        return [item.nodeid for item in session.items if item.get_closest_marker("bad_input")]
    listed = pytested(ROOT, "--collect-only", "-m", "bad_input", "-o", "addopts=", *map(str, FILES)).stdout
    return re.findall(r"^tests/\S+::.+$", listed, re.MULTILINE)


def test_there_are_enough_of_them_in_many_places_and_each_is_another(request):
    found = cases(request.session)
    assert len(found) >= LEAST
    assert len(set(found)) == len(found)
    assert {case.split("/")[1] for case in found} >= {
        "data",
        "settings",
        "shipped",
        "new",
        "stages",
        "models",
        "deploy",
    }


PLANTED = """
import pytest
from decant.errors import DataError

@pytest.mark.bad_input
@pytest.mark.parametrize("words", ["rows.csv: row 3 has no label", "no", "rows.csv: row 4 has no label"])
def test_told(words):
    with pytest.raises(DataError):
        raise DataError(words)

@pytest.mark.bad_input
def test_of_another_kind():
    with pytest.raises(KeyError):
        {}["x"]

def test_of_no_input():
    assert True
"""


def test_a_case_without_an_error_of_ours_or_with_a_word_for_one_fails_and_does_not_count(tmp_path):
    (tmp_path / "test_planted.py").write_text(PLANTED, encoding="utf-8")
    printed = pytested(tmp_path, "-p", "badinputs", "-p", "no:xdist", "--rootdir", str(tmp_path)).stdout
    assert "2 bad inputs, each a clear error" in printed
    failed = re.findall(r"^FAILED \S+::(\S+)", printed, re.MULTILINE)
    assert failed == ["test_told[no]", "test_of_another_kind"]
    assert "no error of ours says why this input is refused" in printed


def test_processes_of_the_tests_count_together(tmp_path):
    (tmp_path / "test_planted.py").write_text(PLANTED, encoding="utf-8")
    printed = pytested(tmp_path, "-p", "badinputs", "-n", "2", "--rootdir", str(tmp_path)).stdout
    assert "2 bad inputs, each a clear error" in printed
