"""Names of tasks, encoders, heads and gates: what cannot be a path, a command or a key is refused, whoever has it."""

import unicodedata

import pytest

from decant.settings.names import LONGEST, fault

GOOD = ["demo", "issue-12", "a_b", "_private", "12", "1e3", "no", "Über", "情感", "x" * LONGEST, "console", "com10"]


@pytest.mark.parametrize("name", GOOD)
def test_letters_of_any_script_digits_and_two_signs_make_a_name(name):
    assert fault(name) is None


BAD = {
    "": "cannot be a name: a name has letters",
    "../x": "cannot be a name",
    "a/b": "cannot be a name",
    "my.task": "cannot be a name",
    "my task": "cannot be a name",
    "<script>": "cannot be a name",
    "$(touch x)": "cannot be a name",
    "${seeds}": "cannot be a name",
    "a@b": "cannot be a name",
    "a\nb": "cannot be a name",
    "demo\n": "cannot be a name",
    "-x": "begins with no -",
    "x" * (LONGEST + 1): "for it has 65 bytes",
    "情" * 22: "for it has 66 bytes",
    "con": "Windows has a device of that name",
    "NUL": "Windows has a device of that name",
    "Lpt1": "Windows has a device of that name",
    unicodedata.normalize("NFD", "한국"): "its letters are written in parts",
}


@pytest.mark.parametrize(("name", "words"), BAD.items(), ids=map(ascii, BAD))
def test_a_name_that_a_shell_a_file_system_or_a_key_would_choke_on_says_what_one_is(name, words):
    assert words in fault(name)
    assert len(fault(name)) < 250, "also of a name of a thousand characters"
