"""The linear model's text: every option, words counted and lost, and NLTK resources that are there or missing."""

from collections import Counter

import nltk
import pandas as pd
import pytest
from graph import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from rawtask import arrange, metrics, outputs, prepared, table
from shell import ENVIRONMENT, run

from decant import paths
from decant.data.lexical import Lexer, check_resources, explain, loss, resources
from decant.errors import DataError, ResourceError
from stages import prepare

OFF = {
    "lowercase": False,
    "tokenizer": "none",
    "alphabetic": False,
    "stopwords": "none",
    "stem": "none",
    "lemma": "none",
    "language": "english",
    "max_loss": 1.0,
}
BLANKS = OFF | {"tokenizer": "blanks"}
# of the reference that Decant was made to repair: it lost every word that touches a punctuation mark
REFERENCE = {"tokenizer": "blanks", "alphabetic": True, "stopwords": "sklearn", "stem": "porter"}

# NLTK's data in small, as the downloader lays it out: file -> content
FAKES = {
    "corpora/stopwords/english": "the\nflarn\n",
    "corpora/stopwords/german": "der\n",
    "tokenizers/punkt_tab/english/collocations.tab": "",
    "tokenizers/punkt_tab/english/sent_starters.txt": "",
    "tokenizers/punkt_tab/english/abbrev_types.txt": "dr\n",
    "tokenizers/punkt_tab/english/ortho_context.tab": "",
    "corpora/wordnet/lexnames": "00\tadj.all\t3\n",
    "corpora/wordnet/index.noun": "mouse n 1 0 1 0 00000001\ncoin n 1 0 1 0 00000002\n",
    "corpora/wordnet/noun.exc": "mice mouse\n",
}
EMPTY = "index.adj index.adv index.verb index.sense data.adj adj.exc adv.exc verb.exc".split()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of NLTK data, small and made up."""
    folder = tmp_path_factory.mktemp("nltk_data")
    for name, content in (FAKES | {f"corpora/wordnet/{name}": "" for name in EMPTY}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def resourced(data, monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [str(data)])


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without any NLTK data."""
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])


def linear(text: str, **settings) -> str:
    return Lexer(BLANKS | settings)(text)


OPTIONS = {
    "nothing": (OFF, "  Free CRYPTO,\nnow! ", "  Free CRYPTO,\nnow! "),
    "lower case alone": (OFF | {"lowercase": True}, "  Free ÄRGER\n", "  free ärger\n"),
    "blanks": (BLANKS, " Free\n crypto,\t now! ", "Free crypto, now!"),
    "tweet": (OFF | {"tokenizer": "tweet"}, "@ann: don't #buy it!! :)", "@ann : don't #buy it ! ! :)"),
    "alphabetic": (BLANKS | {"alphabetic": True}, "Free crypto, 100 né now!", "Free né"),
    "sklearn's stopwords": (BLANKS | {"stopwords": "sklearn"}, "The coins are not with us", "coins"),
    "stopwords in any case": (BLANKS | {"stopwords": "sklearn"}, "THE Coins", "Coins"),
    "porter": (BLANKS | {"stem": "porter"}, "claiming coins happily", "claim coin happili"),
    "snowball": (BLANKS | {"stem": "snowball"}, "claiming coins fairly", "claim coin fair"),
    "snowball in German": (BLANKS | {"stem": "snowball", "language": "german"}, "die Häuser", "die haus"),
    "all together": (
        OFF | {"lowercase": True, "tokenizer": "tweet", "alphabetic": True, "stopwords": "sklearn", "stem": "porter"},
        "Claiming the COINS, now! @ann",
        "claim coin",
    ),
    "empty": (BLANKS | {"alphabetic": True}, "", ""),
}


@pytest.mark.parametrize(("chosen", "text", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_every_option_that_needs_no_resource(bare, chosen, text, expected):
    assert Lexer(chosen)(text) == expected


def test_nltks_stopwords_are_those_of_the_resource(resourced):
    assert linear("the Flarn with der coin", stopwords="nltk") == "with der coin"
    assert linear("the Flarn with der coin", stopwords="nltk", language="german") == "the Flarn with coin"


def test_punkt_cuts_signs_from_words_but_not_from_abbreviations(resourced):
    assert linear("See Dr. Who. It isn't free!", tokenizer="punkt") == "See Dr. Who . It is n't free !"


def test_wordnet_finds_the_lemma_after_the_stem(resourced):
    assert linear("mice coins pips", lemma="wordnet") == "mouse coin pips"
    # the noun mouses is mouse, its stem mous is no noun
    assert linear("mouses coins", lemma="wordnet", stem="none") == "mouse coin"
    assert linear("mouses coins", lemma="wordnet", stem="porter") == "mous coin"


# -- resources ---------------------------------------------------------------------------------------------------------

NEEDING = {
    "punkt": ({"tokenizer": "punkt"}, "punkt_tab", "tokenizers/punkt_tab/english/"),
    "punkt, other language": ({"tokenizer": "punkt", "language": "czech"}, "punkt_tab", "tokenizers/punkt_tab/czech/"),
    "stopwords": ({"stopwords": "nltk"}, "stopwords", "corpora/stopwords/english"),
    "wordnet": ({"lemma": "wordnet"}, "wordnet", "corpora/wordnet"),
}


@pytest.mark.parametrize(("settings", "package", "path"), NEEDING.values(), ids=NEEDING)
def test_a_missing_resource_is_named_with_the_command_that_gets_it(bare, settings, package, path):
    assert resources(BLANKS | settings) == {package: path}
    with pytest.raises(ResourceError) as error:
        Lexer(BLANKS | settings)
    said = str(error.value)
    assert said.startswith(f"NLTK resource {path} is missing; linear_text in params.yaml needs it.")
    assert f"python -m nltk.downloader {package} " in said
    assert "NLTK_DATA" in said


def test_settings_that_need_no_resource_ask_for_none(bare):
    for chosen, _, _ in OPTIONS.values():
        assert resources(chosen) == {}
        check_resources(chosen)


def test_a_resource_that_lacks_the_language_is_missing(resourced):
    check_resources(BLANKS | {"stopwords": "nltk"})
    with pytest.raises(ResourceError, match="corpora/stopwords/klingon is missing"):
        check_resources(BLANKS | {"stopwords": "nltk", "language": "klingon"})


def test_a_language_without_stemmer_is_refused(bare):
    with pytest.raises(ResourceError, match=r"no snowball stemmer for 'klingon'; it has .*german"):
        check_resources(BLANKS | {"stem": "snowball", "language": "klingon"})


@pytest.mark.parametrize("settings", [one for one, _, _ in NEEDING.values()], ids=NEEDING)
def test_a_missing_resource_stops_prepare_before_the_first_row(workspace, bare, settings):
    # no file is there at all, so that another error would show that the stage had looked for one
    arrange(workspace, {}, linear_text={"tokenizer": "blanks"} | settings)
    with pytest.raises(ResourceError, match=r"is missing; linear_text in params\.yaml needs it"):
        prepare.main("mini")
    assert outputs(workspace) == {}


def test_prepare_uses_the_resource_that_nltk_data_points_to(workspace, data, monkeypatch):
    settings = {"tokenizer": "blanks", "stopwords": "nltk"}
    arrange(workspace, {"rows.csv": table("1,the flarn coin,ham\n")}, linear_text=settings)
    monkeypatch.setitem(ENVIRONMENT, "NLTK_DATA", str(data))
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", str(ROOT))
    run(workspace, "python", "-m", "stages.check")
    run(workspace, "python", "-m", "stages.prepare", "mini")
    assert pd.read_parquet(paths.prepared("mini"))["linear"].tolist() == ["coin"]


# -- what is lost ------------------------------------------------------------------------------------------------------


def test_content_words_are_runs_of_three_letters_that_are_no_stopwords():
    counted = Lexer(BLANKS | {"alphabetic": True, "stopwords": "sklearn"})
    assert counted("the coin, and 2 more-coins of Ann's") == ""
    # coin, coins and Ann; "the", "and", "more" and "of" are stopwords, "s" and 2 are no words
    assert counted.counts == {"content_words": 3, "tokenizer": 3, "alphabetic": 0, "stopwords": 0}
    assert counted.lost == {"coin,": 1, "more-coins": 1, "Ann's": 1}
    assert counted("coin coin") == "coin coin"
    assert counted.counts == {"content_words": 5, "tokenizer": 5, "alphabetic": 2, "stopwords": 2}


def test_without_tokens_nothing_is_counted():
    counted = Lexer(OFF | {"lowercase": True})
    counted("Free coins!")
    assert (counted.steps, counted.counts, counted.lost) == ([], {}, {})


def test_the_steps_are_those_that_can_lose_a_word():
    assert Lexer(BLANKS).steps == ["tokenizer"]
    assert Lexer(BLANKS | {"stopwords": "sklearn", "stem": "porter"}).steps == ["tokenizer", "stopwords"]
    assert Lexer(BLANKS | REFERENCE).steps == ["tokenizer", "alphabetic", "stopwords"]


@pytest.mark.parametrize(
    ("words", "left", "share"),
    [
        (10, {"tokenizer": 10, "alphabetic": 7}, 0.3),
        (10, {"tokenizer": 10}, 0.0),
        (0, {"tokenizer": 0}, 0.0),
        (5, {}, 0.0),
    ],
)
def test_the_loss_is_the_share_that_did_not_reach_the_last_step(words, left, share):
    assert loss(words, left) == pytest.approx(share)


def test_an_explanation_shows_every_steps_share_and_the_tokens_lost_most():
    lost = Counter({"coin,": 3, "now!": 2} | {f"x{n}": 1 for n in range(9)})
    said = explain(100, {"tokenizer": 90, "alphabetic": 45, "stopwords": 45}, lost)
    assert said.startswith("tokenizer 10.0%, alphabetic 50.0%, stopwords 0.0%; lost tokens: 'coin,', 'now!', 'x0'")
    assert said.count("'") == 16
    assert explain(100, {"tokenizer": 100}, Counter()) == "tokenizer 0.0%"


# 13 content words, of which the alphabetic step drops coins, airdrop, weather, don, Tokyo and based
LOSSY = table(
    '1,"Claim free coins! Big airdrop, here",spam\n2,"Rainy weather, don\'t go",ham\n3,Tokyo-based bakery sells bread,ham\n'
)


def test_the_references_tokens_are_stopped_by_the_largest_loss(workspace):
    arrange(workspace, {"rows.csv": LOSSY}, linear_text=REFERENCE)
    with pytest.raises(DataError) as error:
        prepare.main("mini")
    assert str(error.value) == (
        "mini: linear_text loses 46.2% of 13 content words, mini.linear_text.max_loss allows 5.0%. By step: "
        "tokenizer 0.0%, alphabetic 46.2%, stopwords 0.0%; lost tokens: 'coins!', 'airdrop,', 'weather,', "
        "\"don't\", 'tokyo-based'"
    )
    assert outputs(workspace) == {}


def test_a_loss_that_params_allow_goes_through_and_is_counted(workspace):
    frame = prepared(workspace, {"rows.csv": LOSSY}, linear_text=REFERENCE | {"max_loss": 1.0})
    assert frame["linear"].tolist() == ["claim free big", "raini", "bakeri sell bread"]
    assert frame["text"][0] == "Claim free coins! Big airdrop, here"
    shown = metrics(workspace)
    assert shown["content_words"] == 13
    assert shown["linear_tokenizer"] == {"content_words_after": 13}
    assert shown["linear_alphabetic"] == {"content_words_after": 7}
    assert shown["linear_stopwords"] == {"content_words_after": 7}


def test_a_loss_at_the_limit_is_allowed(workspace):
    content = {"rows.csv": table("1,coin coin coin coin!,ham\n")}
    tokens = {"tokenizer": "blanks", "alphabetic": True}
    prepared(workspace, content, linear_text=tokens | {"max_loss": 0.25})
    assert metrics(workspace)["linear_alphabetic"] == {"content_words_after": 3}
    arrange(workspace, content, linear_text=tokens | {"max_loss": 0.24})
    with pytest.raises(DataError, match=r"loses 25.0% of 4 content words, mini.linear_text.max_loss allows 24.0%"):
        prepare.main("mini")


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_no_step_brings_words_and_a_tokenizer_at_blanks_loses_none(text):
    counted = Lexer(BLANKS | REFERENCE)
    counted(text)
    words, cut, letters, left = (
        counted.counts[one] for one in ("content_words", "tokenizer", "alphabetic", "stopwords")
    )
    assert words == cut >= letters >= left
    assert (letters < cut) == bool(counted.lost)
