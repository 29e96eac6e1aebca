"""Cleaning as a normalizer: what it expresses is read as after clean(), and what is clean already is left alone."""

import re

import pytest
import tiny
from tokenizers import Regex, Tokenizer, normalizers

from decant.files import read_json, write_json
from decant.models import normalizer, reading
from decant.models.nasties import nasties
from decant.text import clean

DEFAULT = {
    "html": True, "mojibake": False, "unicode": "NFKC", "invisible": True, "urls": "keep", "mentions": "keep",
    "hashtags": "keep", "cashtags": "keep", "numbers": "keep", "repeats": 0, "whitespace": True,
}  # fmt: skip
MASKED = {"urls": "mask", "mentions": "mask", "hashtags": "mask", "cashtags": "mask", "numbers": "mask", "repeats": 3}
SETTINGS = {
    "as params.yaml has it": {},
    "masks": MASKED,
    "words without their signs": {"hashtags": "word", "cashtags": "word", "repeats": 2},
    "nothing stays": {
        "urls": "strip",
        "mentions": "strip",
        "hashtags": "strip",
        "cashtags": "strip",
        "numbers": "strip",
    },
    "mojibake": {"mojibake": True},
    "letters as they are": {"unicode": "keep", "invisible": False, "whitespace": False},
    "NFC": {"unicode": "NFC"},
    "no html": {"html": False},
}
TEXTS = [
    "claim your airdrop now, enter the 12 words",
    "rent is due on friday",
    "$BTC to 100,000? @you #crypto www.a.test",
]


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """The tokenizer of a student: every character of the nasty texts is a word of its own."""
    folder = tmp_path_factory.mktemp("student")
    tiny.write_tokenizer(folder, [*TEXTS * 2, *nasties(TEXTS, 300, 1)])
    return folder / "tokenizer.json"


def installed(student, folder, **changes):
    """(tokenizer.json with the cleaning in it, its steps, the section)"""
    cleaning = DEFAULT | changes
    compiled = normalizer.install(student, folder / "tokenizer.json", cleaning)
    return folder / "tokenizer.json", compiled, cleaning


EXPRESSED = {
    "entities": "Tom &amp; Jerry &lt;3 &quot;cheese&quot; it&#39;s &#x27;so&#x27;",
    "nested entities": "&amp;amp;amp;lt;b&amp;gt;bold&amp;lt;/b&amp;gt;",
    "letters as numbers": "&#70;&#114;&#x65;&#X65; caf&eacute; &Uuml;ber",
    "blanks as entities": "a&nbsp;b&#160;c&ensp;d&#10;e",
    "old names without a semicolon": "&ampx &lt3 &copy2026",
    "numbers of Windows-1252": "it&#146;s &#150; &#128;5",
    "no character": "a&#0;b&#xD800;c&#99999999;d&#8;e",
    "invisible characters as entities": "air&#8203;drop &shy;now &zwj;",
    "tags": "<b>Win</b> a <a href='x'>phone</a><br/>now < b> <3",
    "a tag in the attribute of another": "<a href='<b>x'>airdrop</a>",
    "invisible characters": "a\u200bi\u00adr\u2060d\ufeffrop \u202enow\x00\x1b\U000e0041",
    "an entity and a tag that they hide": "&am\u200bp;lt <\u200bb>now</b\u00ad>",
    "styled letters": "\U0001d41a\U0001d422\U0001d42b \uff22\uff34\uff23 \uff06amp; \uff1cb\uff1e",
    "blanks": " \t a\u00a0\u3000b\u2028c\x1fd \r\n\n e ",
    "the last sigma": "ΣΟΦΟΣ ΟΔΟΣ",
    "nothing": "",
    "only blanks": " \u200b &nbsp; ",
}


@pytest.mark.parametrize("text", EXPRESSED.values(), ids=EXPRESSED)
def test_raw_text_gets_the_ids_of_the_cleaned(student, tmp_path, text):
    file, _, cleaning = installed(student, tmp_path)
    plain = Tokenizer.from_file(str(student))
    assert Tokenizer.from_file(str(file)).encode(text).ids == plain.encode(clean(text, cleaning)).ids


MORE = {
    "a link": (MASKED, "see HTTPS://a.test/b?c=1#d or www.a.test, not ww.a.test"),
    "handles": (MASKED, "@you @y_1 me@a.test \uff20wide"),
    "hashtags": (MASKED, "#win ##win2 #1 #2nd a#b #number #"),
    "words of hashtags": ({"hashtags": "word"}, "#win ##win2 #1 #2nd a#b #number"),
    "tickers": (MASKED, "$BTC $$eth $100 a$b US$5 $toolongname"),
    "words of tickers": ({"cashtags": "word"}, "$BTC $$eth $100 a$b"),
    "numbers": (MASKED, "1,000.50 12:30 3rd \uff15\uff10\uff10 \u0665\u0660 a1 1a 5."),
    "runs": ({"repeats": 3}, "sooooo happyyy!!!!!! 1000000 ...."),
    "wrongly decoded": ({"mojibake": True}, "it\u00e2\u20ac\u2122s a caf\u00c3\u00a9, \u00ef\u00bf\u00bd lost"),
}


@pytest.mark.parametrize(("changes", "text"), MORE.values(), ids=MORE)
def test_masks_runs_and_wrong_decoding_are_expressed(student, tmp_path, changes, text):
    file, _, cleaning = installed(student, tmp_path, **changes)
    plain = Tokenizer.from_file(str(student))
    wanted = plain.encode(clean(text, cleaning)).ids
    assert Tokenizer.from_file(str(file)).encode(text).ids == wanted
    assert plain.encode(text).ids != wanted, "a text that needs no step would prove nothing"


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_what_is_clean_is_read_as_before_and_raw_text_nearer_to_it(student, tmp_path, changes):
    file, _, cleaning = installed(student, tmp_path, **changes)
    texts = nasties(TEXTS, 400, 2)
    found = reading.compare(file, student, texts, cleaning, 48)
    before = reading.compare(student, student, texts, cleaning, 48)
    assert (found.n, found.spoilt) == (400, 0)
    assert found.differ < before.differ / 3


def test_a_step_that_spoils_clean_text_is_counted(student, tmp_path):
    """Planted: a step that clean() does not have."""
    file, _, cleaning = installed(student, tmp_path)
    content = read_json(file)
    content["normalizer"]["normalizers"].insert(0, normalizer.replace("airdrop", "now"))
    write_json(file, content)
    assert reading.compare(file, student, TEXTS, cleaning, 48).spoilt == 1


def test_a_reader_without_the_steps_is_counted(student):
    raw = ["air&shy;drop", "airdrop"]
    assert reading.compare(student, student, raw, DEFAULT, 48) == reading.Compared(2, 1, 0)


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_patterns_use_only_what_all_readers_read_alike(student, tmp_path, changes):
    """Rust panics where a step of an empty match stands at the end of a text; JavaScript knows $& and $1."""
    _, compiled, _ = installed(student, tmp_path, **changes)
    for step in compiled.steps:
        if step["type"] == "Replace":
            pattern = step["pattern"]["Regex"]
            assert not re.search(r"\\(?![pP]\{|[1\\\[\].*+?^$|(){}/-])|\(\?[a-zP>]", pattern), pattern
            assert not re.search(r"\$[$&`'<0-9]", step["content"]), step
            for text in ("", "a b", "a"):
                assert normalizers.Replace(Regex(pattern), "\u2603").normalize_str(text).count("\u2603") == 0, pattern


def test_the_tokenizers_own_normalizer_comes_last(student, tmp_path):
    file, compiled, _ = installed(student, tmp_path)
    steps = read_json(file)["normalizer"]["normalizers"]
    assert steps[:-1] == compiled.steps
    assert steps[-1] == read_json(student)["normalizer"]
    assert {key: value for key, value in read_json(file).items() if key != "normalizer"} == {
        key: value for key, value in read_json(student).items() if key != "normalizer"
    }


def test_a_tokenizer_that_keeps_case_gets_no_letters_of_its_own(student, tmp_path):
    """A step for each of 130 letters would cost more than the tokenizer."""
    content = read_json(student)
    content["normalizer"] = None
    write_json(tmp_path / "cased.json", content)
    compiled = normalizer.install(tmp_path / "cased.json", tmp_path / "out.json", DEFAULT)
    assert len(compiled.steps) < 100
    assert "&#70;" in Tokenizer.from_file(str(tmp_path / "out.json")).normalizer.normalize_str("&#70; &amp; \uff21")
    assert not any(step.get("content") == "σ" for step in compiled.steps)


def test_what_is_left_out_is_said(student, tmp_path):
    _, compiled, _ = installed(student, tmp_path, mojibake=True)
    said = [line.partition(":")[0] for line in compiled.unexpressed]
    assert said == ["mojibake", "html", "again", "special tokens"]
    _, compiled, _ = installed(student, tmp_path, html=False)
    assert "html" not in " ".join(compiled.unexpressed)


def test_nothing_to_clean_is_no_step(student, tmp_path):
    off = {"html": False, "unicode": "keep", "invisible": False, "whitespace": False}
    _, compiled, _ = installed(student, tmp_path, **off)
    assert [step["content"] for step in compiled.steps] == ["σ"]
