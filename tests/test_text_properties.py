"""Cleaning any text with any settings: it ends, settles, keeps what it should, and is what the shipped classifier runs."""

import json
import string
import unicodedata
from contextlib import nullcontext

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rawtask import JSONL, lines, prepared
from test_text import ALL, DEFAULT, OFF

from decant import runtime
from decant.text import PATTERNS, URL, clean, has_url, normal_form
from stages.demo import generate

FRAGMENTS = [
    *"& amp AMP lt gt nbsp ; # 38 60 x26 < > / b a e @ $ _ . : 1 100 ! number user BTC http:// htttp:// www. wwww.".split(),
    *"&amp; &amp;amp; &lt;b&gt; &#8203; &#65286; &#64; &#36; &#xD800; <b> </b> <a<b>> ＜b＞ #tag #a#b $BTC @ann@bob".split(),
    *"＆ ＜ ＞ ＃ ＄ ＠ ﹤ ； ≮ ﬁ ﷺ ☃ ï¿½ â€™ Ã© Ã¢â‚¬â„¢ Â Ð° пјњ é 𝗙 ſ K İ ² ① … ‼ ¨".split(),
    *" \n\u200b\u200d\ufeff\u0301\u0338\xad\u1100\u1161\u3000\u2028\x00\x1c\x85\x9f\ud83d\ude00",
]
ANY = st.text(st.characters(), max_size=60)  # surrogates included
# texts that nest: pieces of entities, tags and handles, full-width signs, accents, and what falls out between them
PIECES = st.lists(st.sampled_from(FRAGMENTS) | st.text(st.characters(), max_size=2), max_size=20).map("".join)
SWITCH, SIGN = st.booleans(), st.sampled_from(["keep", "strip", "mask"])
TAG = st.sampled_from(["keep", "strip", "mask", "word"])
CHOSEN = st.fixed_dictionaries(
    {
        "html": SWITCH,
        "mojibake": SWITCH,
        "unicode": st.sampled_from(["NFKC", "NFC", "keep"]),
        "invisible": SWITCH,
        "urls": SIGN,
        "mentions": SIGN,
        "hashtags": TAG,
        "cashtags": TAG,
        "numbers": SIGN,
        "repeats": st.integers(0, 3),
        "whitespace": SWITCH,
    }
)
QUICK = settings(max_examples=400, deadline=None, database=None, derandomize=True)


@settings(QUICK, max_examples=2000)
@given(ANY | PIECES, CHOSEN)
@example("&amp;amp;", OFF | {"html": True})
@example("@ann@bob", OFF | {"mentions": "strip"})
@example("#a" * 9, OFF | {"hashtags": "strip", "whitespace": True})
@example("#$" * 9 + "a", OFF | {"hashtags": "word", "cashtags": "word"})
@example("＜b＞", DEFAULT)
@example("e\u200b\u0301", DEFAULT)
@example("<\u200b\u0338b>", DEFAULT)
def test_cleaning_never_fails_and_what_is_clean_stays_as_it_is(text, chosen):
    once = clean(text, chosen)
    assert clean(once, chosen) == once


@QUICK
@given(ANY | PIECES, CHOSEN)
def test_a_step_that_is_on_leaves_nothing_to_do_and_without_steps_nothing_changes(text, chosen):
    cleaned = clean(text, chosen)
    if chosen["whitespace"]:
        assert cleaned == " ".join(cleaned.split())
    if chosen["unicode"] != "keep" and not any("\ud800" <= char <= "\udfff" for char in cleaned):
        assert unicodedata.is_normalized(chosen["unicode"], cleaned)
    for name, pattern in PATTERNS.items():
        if chosen[name] == "strip":
            assert not pattern.search(cleaned), name
    assert clean(text, OFF) == text


@QUICK
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(st.characters(), max_size=2), max_size=20), CHOSEN)
def test_a_text_with_letters_is_not_emptied_unless_a_step_drops_them(pieces, chosen):
    kept = chosen | {name: "mask" for name in PATTERNS if chosen[name] == "strip"} | {"html": False}
    text = "".join(pieces)
    assert clean(text + "x", kept).strip()
    if any(char.isalpha() for char in text):
        assert clean(text, kept | {"mojibake": False}).strip()


NESTED = {
    "entities": "&" + "amp;" * 20_000 + "lt;",
    "tags": "<a" * 20_000 + ">" * 20_000,
    "tags that stay open": "<a " * 20_000,
    "numbers of entities": "&#38;" + "#38;" * 20_000,
    "digits of an entity": "&#" + "9" * 50_000 + ";",
    "hash signs": "#" * 50_000,
    "money signs": "$" * 50_000,
    "tags in tags": "#$" * 20_000 + "a",
    "handles": "@a" * 20_000,
    "hashtags": "#a" * 20_000,
    "numbers": "1." * 20_000 + "a",
    "wrongly decoded": "Ã¢â‚¬â„¢" * 2_000,
    "accents": "e" + "\u0301" * 20_000,
}


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("chosen", [DEFAULT, ALL, ALL | {"hashtags": "word", "cashtags": "word", "mentions": "strip"}])
def test_a_text_made_to_nest_deeply_settles(text, chosen):
    # one pass per level, or one try per sign, would take minutes here, and pytest would seem to hang
    cleaned = clean(text, chosen)
    assert clean(cleaned, chosen) == cleaned


def test_letters_with_accents_outlive_the_cut_of_deep_nesting():
    assert clean("é &" + "amp;" * 9, DEFAULT) == "é amp;amp;amp;amp;"


@QUICK
@given(ANY)
def test_plain_text_is_only_normalised(text):
    plain = "".join(char for char in text if char.isalnum() or char == " ")
    assert clean(plain, DEFAULT) == " ".join(unicodedata.normalize("NFKC", plain).split())


@QUICK
@given(ANY | PIECES)
def test_the_quick_look_for_links_finds_what_the_pattern_finds(text):
    assert has_url(text) == (URL.search(text) is not None)


# -- normal form -------------------------------------------------------------------------------------------------------


@QUICK
@given(ANY)
def test_a_normal_form_ignores_blanks_and_signs_around(text):
    form = normal_form(text)
    assert normal_form(f" {text}\n") == form
    assert form == form.strip()
    assert normal_form(text + " x") == normal_form(text + "! X")


WORDS = st.lists(st.text(string.ascii_letters + string.digits + "äöüßéñçøåжщяαβγδ", min_size=1, max_size=8), min_size=1)


@QUICK
@given(WORDS, st.lists(st.sampled_from([" ", "  ", ", ", "... ", "!\n", " - ", " 🚀 ", "\u3000"]), min_size=1))
def test_case_and_punctuation_do_not_change_a_normal_form(words, between):
    form = normal_form(" ".join(words))
    typed = "".join(word + between[index % len(between)] for index, word in enumerate(words))
    for variant in (typed, typed.upper(), typed.lower(), typed.title(), f"«{typed}»"):
        assert normal_form(variant) == form
    assert normal_form(form) == form


# -- one function for all ----------------------------------------------------------------------------------------------

DECORATIONS = [
    "<b>{}</b>", "{} &amp;amp; more", "{}&nbsp;\u200b", "\u202e{}\u200d", "{} https://x.org/a?b=1&amp;c=2", "{} itâ€™s cafÃ©",
    "  {}\n\n", "＜i＞{}", "{} 𝗙𝗿𝗲𝗲 ﬁne", "@ann {} #tag $BTC 1,000!!!!!", "ï¿½{}", "{}",
]  # fmt: skip
SETTINGS = {"default": {}, "everything": ALL, "words": {"hashtags": "word", "cashtags": "word", "urls": "strip"}}


@pytest.mark.parametrize("cleaning", SETTINGS.values(), ids=SETTINGS)
def test_the_shipped_classifier_cleans_by_the_same_function_and_settings_on_1000_rows(workspace, cleaning):
    posts = generate(1000, 7, 0.0)
    raw = [DECORATIONS[index % len(DECORATIONS)].format(post["text"]) for index, post in enumerate(posts)]
    rows = [post | {"text": one} for post, one in zip(posts, raw, strict=True)]
    labels = {"kind": {"column": "kind", "classes": {"spam": ["scam"], "ham": ["clean"]}}}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL | {"labels": labels}, cleaning=cleaning)
    chosen = DEFAULT | cleaning
    assert frame["raw"].tolist() == raw
    assert frame["text"].tolist() == [clean(one, chosen) for one in raw]
    assert (frame["text"] != frame["raw"]).sum() > 800

    class Recorder:
        def logits(self, texts):
            self.texts = texts

    bundle = runtime.Bundle.__new__(runtime.Bundle)
    bundle.record = {"cleaning": json.loads(json.dumps(chosen))}  # as decant.json stores it
    bundle.model, bundle._reading = Recorder(), nullcontext()
    bundle.logits(raw)
    assert bundle.model.texts == frame["text"].tolist()
    assert runtime.clean is clean
