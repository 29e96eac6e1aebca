"""What the classifier refuses, each with its position, what was found and the mend; and that nothing else is refused."""

import math

import numpy as np
import pandas as pd
import pytest

from decant.errors import InputError
from decant.shipped.texts import fault, listed

NO_LISTS = {
    "a text": ("abc", "found str"),
    "bytes": (b"abc", "found bytes"),
    "nothing": (None, "found NoneType"),
    "a number": (7, "found int"),
    "a mapping": ({"text": "abc"}, "found dict"),
    "a set": ({"abc"}, "found set"),
    "a table": (pd.DataFrame({"text": ["abc"]}), "found DataFrame"),
    "a matrix": (np.array([["abc"]]), "found ndarray"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("given", "words"), NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_of_texts_is_refused(given, words):
    with pytest.raises(InputError, match=rf"^texts: {words}, expected a list of str; "):
        listed(given, 100)


NO_TEXTS = {
    "none": (None, r"found None, expected str; leave the row out"),
    "nan": (math.nan, r"found nan, expected str; leave the row out"),
    "numpy's nan": (np.float32("nan"), r"found .*nan.*, expected str; leave the row out"),
    "pandas' na": (pd.NaT, r"found NaT, expected str; leave the row out"),
    "a number": (1, r"found int \(1\), expected str; give it str\(text\)"),
    "a bool": (True, r"found bool \(True\), expected str; give it str\(text\)"),
    "bytes": (b"abc", r"found bytes, expected str; decode it: text\.decode\('utf-8'\)"),
    "a list": (["abc"], r"found list \(\['abc'\]\), expected str"),
    "half a pair": ("ab\ud83d!", r"half a surrogate pair \(U\+D83D\) at character 2, .*decode the bytes"),
    "the other half": ("\ude00", r"half a surrogate pair \(U\+DE00\) at character 0"),
    "too long": ("a" * 101, r"101 characters, this bundle takes 100 .*give it text\[:100\], or parts"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("given", "words"), NO_TEXTS.values(), ids=NO_TEXTS)
def test_what_is_no_text_is_refused_with_its_position_and_the_mend(given, words):
    with pytest.raises(InputError, match=rf"^texts\[2\]: {words}"):
        listed(["a", "b", given, "d"], 100)


@pytest.mark.parametrize("text", ["", " ", "a" * 100, "😀" * 100, "e\u0301\u200b", "\x00", np.str_("abc")], ids=ascii)
def test_every_text_is_taken_as_it_is(text):
    assert fault(text, 100) is None
    assert listed([text], 100) == [text]


@pytest.mark.parametrize("given", [("a", "b"), pd.Series(["a", "b"]), np.array(["a", "b"]), iter("ab")], ids=type)
def test_any_column_of_texts_is_a_list(given):
    assert listed(given, 100) == ["a", "b"]


def test_the_mend_of_half_a_pair_mends_it():
    assert fault("ab\ud83d!".encode("utf-8", "replace").decode(), 100) is None
