"""Other surroundings are what they say: a process that is started in them sees them."""

import json
import os
import subprocess
import sys

import pytest

from decant.proofs import surroundings
from decant.proofs.surroundings import ALL, Surroundings

SEEN = """
import json, locale, os, time
mask = os.umask(0)
try:
    decimal = locale.setlocale(locale.LC_ALL, "") and locale.localeconv()["decimal_point"]
except locale.Error:
    decimal = "none"
cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
print(json.dumps([mask, cores, time.tzname[0], hash("a"), decimal, locale.getpreferredencoding()]))
"""


def seen(name, tmp_path):
    """Mask, cores, zone, a hash, the decimal point and the encoding of files."""
    chosen = ALL[name]
    environment = surroundings.variables(chosen, tmp_path)
    program = surroundings.command(chosen, [sys.executable, "-c", SEEN])
    ended = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout), surroundings.doubts(chosen, environment)


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [("umask", 0, 0o077), ("hostile", 0, 0o077), ("timezone", 2, "+1245"), ("hostile", 2, "+0545")],
)
def test_a_process_sees_what_was_chosen(tmp_path, name, place, expected):
    assert seen(name, tmp_path)[0][place] == expected
    assert seen("plain", tmp_path)[0][place] != expected


@pytest.mark.parametrize("name", ["one", "two", "hostile"])
def test_a_process_has_the_cores_that_were_chosen_or_it_is_said(tmp_path, name):
    (_, cores, *_), doubts = seen(name, tmp_path)
    wanted = ALL[name].cores
    assert cores in (0, wanted) or f"has {cores} of {wanted} cores" in " ".join(doubts)


def test_hashes_have_another_seed_that_is_the_same_each_time(tmp_path):
    assert seen("hash", tmp_path)[0][3] == seen("hash", tmp_path)[0][3] != seen("hostile", tmp_path)[0][3]


@pytest.mark.parametrize("name", ["turkish", "hostile"])
def test_the_turkish_locale_has_a_comma_in_numbers_or_it_is_said(tmp_path, name):
    (*_, decimal, _), doubts = seen(name, tmp_path)
    assert decimal == "," or "this machine has no locale tr_TR.UTF-8 and cannot make it" in " ".join(doubts)


def test_a_machine_without_the_turkish_locale_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "installed", lambda: False)
    monkeypatch.setattr(surroundings, "compiled", lambda _: False)
    environment = surroundings.variables(ALL["turkish"], tmp_path)
    assert "LOCPATH" not in environment
    assert "cannot make it" in surroundings.doubts(ALL["turkish"], environment)[0]


def test_the_locale_c_has_no_utf_8(tmp_path):
    assert seen("c", tmp_path)[0][5].upper() != "UTF-8"


def test_nothing_of_a_shell_is_left(monkeypatch, tmp_path):
    monkeypatch.setenv("DECANT_STORAGE", "sqlite:///mine")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    environment = surroundings.variables(ALL["plain"], tmp_path)
    assert not {"DECANT_STORAGE", "PYTHONPATH"} & set(environment)
    assert environment["PATH"].startswith(os.path.dirname(sys.executable))


def test_a_file_may_be_no_larger_than_was_chosen(tmp_path):
    program = surroundings.command(
        Surroundings("small", bytes=100),
        [sys.executable, "-c", "import os; os.truncate(os.open('a', os.O_CREAT | os.O_RDWR), 101)"],
    )
    ended = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "File too large" in ended.stderr


def test_root_too_keeps_to_permissions_where_that_was_chosen(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "a").chmod(0o444)
    program = surroundings.command(Surroundings("bound", bound=True), [sys.executable, "-c", "open('a', 'a')"])
    ended = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert "PermissionError" in ended.stderr
