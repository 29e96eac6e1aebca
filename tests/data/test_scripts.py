"""The linear model's text in other scripts than Latin, and tokenizers that tear words: no loss is hidden."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rawtask import arrange, metrics, prepared, table

from decant.data import lexical
from decant.data.lexical import Lexer, is_word, pieces_of, whole
from decant.errors import DataError
from stages import prepare

OFF = {"lowercase": False, "tokenizer": "blanks", "alphabetic": False, "stopwords": "none", "stem": "none", "lemma": "none",
       "language": "english", "max_loss": 1.0}  # fmt: skip
LETTERS = OFF | {"alphabetic": True}
# words with vowel signs, viramas or points: marks, which are no letters to str.isalpha
SCRIPTS = {
    "Hindi": "मुफ्त सिक्के क्रिप्टो यहाँ",
    "Thai": "เหรียญ ฟรีวันนี้ คลิกที่นี่",
    "Bengali": "বিনামূল্যে মুদ্রা আজকে",
    "Arabic with marks": "عُمْلَة مَجَّانِيَّة اليَوْمَ",
    "Hebrew with points": "מַטְבֵּעַ חִנָּם הַיּוֹם",
    "Tamil": "இலவச நாணயம் இன்று",
    "French, decomposed": "cafe\u0301s pre\u0301sente\u0301s de\u0301ja\u0300",
    "Persian with a joiner": "می\u200cخواهم سکه\u200cها",
    "Russian": "бесплатные монеты сегодня",
    "Chinese": "今天天气 免费硬币",
}


def counts(text: str, **changes) -> dict[str, int]:
    linear = Lexer(OFF | changes)
    linear(text)
    return dict(linear.counts)


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_words_of_every_script_count_and_stay(text):
    linear = Lexer(LETTERS)
    assert linear(text) == text
    words = len(text.split())
    assert linear.counts == {"content_words": words, "tokenizer": words, "alphabetic": words}
    assert not linear.lost


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_a_word_that_goes_in_any_script_is_a_loss(text):
    first, *others = text.split()
    linear = Lexer(LETTERS)
    assert linear(f"{first}! {' '.join(others)}") == " ".join(others)
    assert linear.counts["content_words"] - linear.counts["alphabetic"] == 1
    assert linear.lost == {f"{first}!": 1}


@pytest.mark.parametrize(
    ("token", "expected"),
    [("coin", True), ("हिंदी", True), ("ि", False), ("हिं2", False), ("coin,", False), ("2", False), ("", False),
     ("a\u0301b", True), ("\u200dab", False), ("½", False), ("Ⅷ", False), ("❤\ufe0f", False)],
)  # fmt: skip
def test_a_word_is_letters_with_their_marks(token, expected):
    assert is_word(token) == expected


def test_marks_and_joiners_without_a_letter_are_no_word():
    assert counts("\u0301\u0302\u0303 \u200c\u200c\u200c ½½½ 1234 ab") == {"content_words": 0, "tokenizer": 0}


# -- words that a tokenizer tears --------------------------------------------------------------------------------------


def tearing(monkeypatch, tokens: dict[str, list[str]]) -> None:
    """A tokenizer that cuts at blanks and makes several tokens of some words."""

    class Tearing:
        def tokenize(self, text: str) -> list[str]:
            return [token for word in text.split() for token in tokens.get(word, [word])]

    monkeypatch.setattr(lexical, "TweetTokenizer", Tearing)


TEARING = {
    "coindrop": ["coin", "drop"],
    "airdrop's": ["air", "drop", "'", "s"],
    "mississippi": ["mi", "ss", "is", "si", "pp", "i"],
}


def test_pieces_of_a_word_do_not_stand_in_for_another_that_is_lost(monkeypatch):
    tearing(monkeypatch, TEARING)
    linear = Lexer(LETTERS | {"tokenizer": "tweet"})
    # counted afterwards, coin and drop would be two words, as many as before
    assert linear("coindrop today!") == "coin drop"
    assert linear.counts == {"content_words": 2, "tokenizer": 2, "alphabetic": 1}
    assert linear.lost == {"today!": 1}


def test_a_word_without_one_of_its_pieces_is_lost(monkeypatch):
    tearing(monkeypatch, {"coindrop": ["coin", "-drop"], "today": ["to", "day"]})
    assert counts("coindrop", tokenizer="tweet", alphabetic=True) == {
        "content_words": 1,
        "tokenizer": 0,
        "alphabetic": 0,
    }
    tearing(monkeypatch, {"coin-drop": ["coin-", "drop"]})
    assert counts("coin-drop", tokenizer="tweet", alphabetic=True) == {
        "content_words": 2,
        "tokenizer": 2,
        "alphabetic": 1,
    }
    tearing(monkeypatch, {"todayyours": ["today", "yours"]})
    assert counts("todayyours", tokenizer="tweet", stopwords="sklearn")["stopwords"] == 0


def test_a_word_in_shreds_is_lost_and_named(monkeypatch):
    tearing(monkeypatch, TEARING)
    linear = Lexer(OFF | {"tokenizer": "tweet"})
    linear("mississippi airdrop's coindrop")
    assert linear.counts == {"content_words": 3, "tokenizer": 2}
    assert linear.lost == {"mississippi": 1}


def test_hindi_posts_keep_their_words_on_the_way_to_the_table(workspace):
    content = {"rows.csv": table(f"1,{SCRIPTS['Hindi']}!,ham\n")}
    frame = prepared(workspace, content, linear_text={"tokenizer": "tweet", "alphabetic": True})
    assert frame["linear"].tolist() == [SCRIPTS["Hindi"]]
    arrange(workspace, content, linear_text={"tokenizer": "blanks", "alphabetic": True})
    with pytest.raises(DataError, match=r"loses 25\.0% of 4 content words, .*alphabetic 25\.0%; lost tokens: 'यहाँ!'"):
        prepare.main("mini")


def test_tokens_are_found_in_the_text_in_their_order():
    text, words = "go, coin! coin drop", [(4, 8), (10, 14), (15, 19)]
    tokens = ["go", ",", "coin", "!", "``", "coin", "drop"]
    assert pieces_of(text, words, tokens) == [(2, 0, 4), (5, 1, 4), (6, 2, 4)]
    assert pieces_of(text, words, ["coin", "nowhere", "drop"]) == [(0, 0, 4), (2, 2, 4)]
    assert whole(words, [(2, 0, 4), (5, 1, 3), (6, 2, 4)], [True] * 6 + [False]) == {0}


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.text(st.sampled_from("abcdé'-. ,!1ि"), max_size=60), st.sampled_from(["tweet", "blanks"]))
def test_no_tokenizer_brings_words(text, tokenizer):
    found = counts(text, tokenizer=tokenizer, alphabetic=True, stopwords="sklearn")
    assert found["content_words"] >= found["tokenizer"] >= found["alphabetic"] >= found["stopwords"]


# -- where nothing can be measured -------------------------------------------------------------------------------------

SHORT = "".join(f"{number},ab cd ef gh ij,ham\n" for number in range(20))  # 100 words, all too short to be counted


def test_words_of_which_none_is_a_content_word_stop_the_stage(workspace):
    arrange(workspace, {"rows.csv": table(SHORT)}, linear_text={"tokenizer": "blanks", "alphabetic": True})
    with pytest.raises(
        DataError, match=r"^mini: none of 100 words is a content word .*mini\.linear_text\.tokenizer: none"
    ):
        prepare.main("mini")


@pytest.mark.parametrize(
    ("rows", "changes"),
    [(SHORT, {}), (SHORT, {"tokenizer": "blanks", "max_loss": 1.0}), (SHORT[8:], {"tokenizer": "blanks"})],
    ids=["no tokens", "no measure wanted", "99 words"],
)
def test_other_short_words_go_through(workspace, rows, changes):
    assert len(prepared(workspace, {"rows.csv": table(rows.removeprefix("ef gh ij,ham\n"))}, linear_text=changes))
    assert "content_words" not in metrics(workspace)
