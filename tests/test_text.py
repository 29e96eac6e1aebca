"""Cleaning: every step alone, their order, and texts that hide one thing inside another."""

import unicodedata

import pytest
from graph import ROOT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decant.params import read
from decant.text import MASKS, clean, normal_form, steps

OFF = {
    "html": False,
    "unicode": "keep",
    "invisible": False,
    "urls": "keep",
    "mentions": "keep",
    "repeats": 0,
    "whitespace": False,
}
DEFAULT = read("demo", ROOT / "params.yaml").cleaning.model_dump()

HTML = {
    "entity": ("Tom &amp; Ann", "Tom & Ann"),
    "entity by number": ("it&#39;s &#x1F389;", "it's 🎉"),
    "entity without semicolon": ("a &lt b", "a < b"),
    "non-breaking blank": ("a&nbsp;b", "a\u00a0b"),
    "tag": ("a<br>b", "a b"),
    "tag with attributes": ('<a href="https://x.org">here</a>', " here "),
    "tag in entities": ("&lt;b&gt;bold&lt;/b&gt;", " bold "),
    "tag over two lines": ("a<img\nsrc=x>b", "a b"),
    "heart": ("i <3 you", "i <3 you"),
    "comparison": ("1 < 2 and 4 > 3", "1 < 2 and 4 > 3"),
    "open tag": ("a <b c", "a <b c"),
    "unknown entity": ("AT&T &foo;", "AT&T &foo;"),
    "entity in entity": ("&amp;amp;amp; &amp;lt;b&amp;gt;", "&  "),
    "tag in tag": ("<a<b>>x", " x"),
}
UNICODE = {
    "mathematical letters": ("NFKC", "𝗙𝗿𝗲𝗲 𝓬𝓻𝔂𝓹𝓽𝓸", "Free crypto"),
    "full-width letters": ("NFKC", "ＵＳＤＴ！", "USDT!"),
    "circled letters": ("NFKC", "ⓕⓡⓔⓔ", "free"),
    "ligature": ("NFKC", "ﬁne", "fine"),
    "parts to one letter": ("NFKC", "cafe\u0301", "café"),
    "NFC composes": ("NFC", "cafe\u0301", "café"),
    "NFC keeps styled letters": ("NFC", "𝗙ﬁ", "𝗙ﬁ"),
    "keep": ("keep", "𝗙ﬁe\u0301", "𝗙ﬁe\u0301"),
}
INVISIBLE = {
    "zero-width blank": ("fr\u200bee", "free"),
    "joiners": ("a\u200cb\u200dc", "abc"),
    "word joiner": ("a\u2060b", "ab"),
    "byte order mark": ("\ufeffa", "a"),
    "soft hyphen": ("cryp\u00adto", "crypto"),
    "direction marks": ("\u200eab\u200f", "ab"),
    "direction overrides": ("\u202eab\u202c", "ab"),
    "direction isolates": ("\u2066a\u2067b\u2068c\u2069", "abc"),
    "Arabic letter mark": ("a\u061cb", "ab"),
    "hidden ASCII": ("a\U000e0061\U000e007fb", "ab"),
    "control characters": ("a\x00\x08\x1b\x7f\x9fb", "ab"),
    "tab and line breaks stay": ("a\tb\nc\r\nd", "a\tb\nc\r\nd"),
    "other languages stay": ("नमस्ते مرحبا 你好", "नमस्ते مرحبا 你好"),
}
URLS = {
    "keep": ("keep", "see https://x.org/a?b=1", "see https://x.org/a?b=1"),
    "strip": ("strip", "see https://x.org/a?b=1 now", "see   now"),
    "mask": ("mask", "see https://x.org/a?b=1 now", "see httpurl now"),
    "without scheme": ("mask", "see www.x.org", "see httpurl"),
    "upper case": ("mask", "HTTPS://X.ORG WWW.X.ORG", "httpurl httpurl"),
    "two": ("mask", "http://a.b\nhttp://c.d", "httpurl\nhttpurl"),
    "no link": ("mask", "http is a protocol, www a web, x.org a name", "http is a protocol, www a web, x.org a name"),
}
MENTIONS = {
    "keep": ("keep", "hi @ann_1", "hi @ann_1"),
    "strip": ("strip", "hi @ann_1!", "hi  !"),
    "mask": ("mask", "hi @ann_1!", "hi @user!"),
    "at the start": ("mask", "@ann hi", "@user hi"),
    "in brackets": ("mask", "(@ann)", "(@user)"),
    "e-mail address": ("mask", "write to ann@x.org or a_b@x.org", "write to ann@x.org or a_b@x.org"),
    "price": ("mask", "2 @ 5", "2 @ 5"),
    "no Latin letters": ("mask", "@тест", "@user"),
}
REPEATS = {
    "off": (0, "sooooo!!!!", "sooooo!!!!"),
    "letters": (2, "sooooo", "soo"),
    "to one": (1, "nooo!!!", "no!"),
    "signs": (3, "now!!!!!!", "now!!!"),
    "short runs stay": (3, "aa bbb", "aa bbb"),
    "digits stay": (2, "1000000 USDT", "1000000 USDT"),
    "upper and lower case differ": (1, "oOoO", "oOoO"),
    "emoji": (1, "🚀🚀🚀", "🚀"),
    "line breaks": (2, "a\n\n\n\nb", "a\n\nb"),
}
WHITESPACE = {
    "blanks": ("a   b", "a b"),
    "line breaks": ("a\n\n\tb\r\nc", "a b c"),
    "ends": ("  a \n", "a"),
    "other blanks": ("a\u00a0\u2003\u2028\u3000b", "a b"),
    "nothing else": (" \n\t ", ""),
}


@pytest.mark.parametrize(("text", "cleaned"), HTML.values(), ids=HTML)
def test_html(text, cleaned):
    assert clean(text, OFF | {"html": True}) == cleaned


@pytest.mark.parametrize(("form", "text", "cleaned"), UNICODE.values(), ids=UNICODE)
def test_unicode(form, text, cleaned):
    assert clean(text, OFF | {"unicode": form}) == cleaned


@pytest.mark.parametrize(("text", "cleaned"), INVISIBLE.values(), ids=INVISIBLE)
def test_invisible(text, cleaned):
    assert clean(text, OFF | {"invisible": True}) == cleaned


@pytest.mark.parametrize(("how", "text", "cleaned"), URLS.values(), ids=URLS)
def test_urls(how, text, cleaned):
    assert clean(text, OFF | {"urls": how}) == cleaned


@pytest.mark.parametrize(("how", "text", "cleaned"), MENTIONS.values(), ids=MENTIONS)
def test_mentions(how, text, cleaned):
    assert clean(text, OFF | {"mentions": how}) == cleaned


@pytest.mark.parametrize(("longest", "text", "cleaned"), REPEATS.values(), ids=REPEATS)
def test_repeats(longest, text, cleaned):
    assert clean(text, OFF | {"repeats": longest}) == cleaned


@pytest.mark.parametrize(("text", "cleaned"), WHITESPACE.values(), ids=WHITESPACE)
def test_whitespace(text, cleaned):
    assert clean(text, OFF | {"whitespace": True}) == cleaned


MESS = "<b>&#64;ann&nbsp;&amp;</b>\u200b ﬁnd @ann\n\nhttps://x.org !!!!"


def test_with_everything_off_nothing_changes():
    assert steps(OFF) == []
    assert clean(MESS, OFF) == MESS


def test_steps_run_in_one_order():
    everything = DEFAULT | {"urls": "mask", "mentions": "mask", "repeats": 2}
    assert [name for name, _ in steps(everything)] == [
        "html", "unicode", "invisible", "again", "urls", "mentions", "repeats", "whitespace",
    ]  # fmt: skip
    assert clean(MESS, everything) == "@user & find @user httpurl !!"


ORDER = {
    "entities before mentions": ("&#64;ann", {"html": True, "mentions": "mask"}, "@user"),
    "entities before links": ("https:&#47;&#47;x.org", {"html": True, "urls": "mask"}, "httpurl"),
    "entities before invisible": ("fr&#8203;ee", {"html": True, "invisible": True}, "free"),
    "styled letters before links": ("𝗵𝘁𝘁𝗽𝘀://x.org", {"unicode": "NFKC", "urls": "mask"}, "httpurl"),
    "styled letters before mentions": ("＠ann", {"unicode": "NFKC", "mentions": "mask"}, "@user"),
    "invisible before links": ("ht\u200btps://x.org", {"invisible": True, "urls": "mask"}, "httpurl"),
    "invisible before repeats": ("so\u200bo\u200boo", {"invisible": True, "repeats": 2}, "soo"),
    "links before mentions": ("https://x.org/@ann", {"urls": "strip", "mentions": "mask"}, " "),
    "blanks last": ("a <b> @ann ", {"html": True, "mentions": "strip", "whitespace": True}, "a"),
}


@pytest.mark.parametrize(("text", "on", "cleaned"), ORDER.values(), ids=ORDER)
def test_what_one_step_uncovers_the_next_one_sees(text, on, cleaned):
    assert clean(text, OFF | on) == cleaned


HIDDEN = {
    "entity in entity": ("&amp;lt;b&amp;gt;free", "free"),
    "full-width tag": ("＜b＞free", "free"),
    "full-width entity": ("＆amp; free", "& free"),
    "entity to a full-width sign": ("&#65286;amp; free", "& free"),
    "split entity": ("&am\u200bp; free", "& free"),
    "split tag": ("<\u200bb>free", "free"),
    "tag in tag": ("<a<b>>free", "free"),
    "letter and accent with something between": ("cafe\u200b\u0301", "café"),
    "entity of something invisible": ("fr&amp;#8203;ee", "free"),
}


@pytest.mark.parametrize(("text", "cleaned"), HIDDEN.values(), ids=HIDDEN)
def test_what_a_later_step_uncovers_the_first_ones_see_too(text, cleaned):
    assert clean(text, DEFAULT) == cleaned


NESTED = {
    "entities": ("&" + "amp;" * 20000 + "lt;", ""),
    "tags": ("<a" * 20000 + ">" * 20000, "<a"),
    "tags that stay open": ("<a " * 20000, "&"),
    "numbers": ("&#38;" + "#38;" * 20000, "&"),
}


@pytest.mark.parametrize(("text", "gone"), NESTED.values(), ids=NESTED)
def test_deep_nesting_is_cut_off(text, gone):
    # one round per level would take a minute here, and pytest would seem to hang
    cleaned = clean(text, DEFAULT)
    assert clean(cleaned, DEFAULT) == cleaned
    assert not gone or gone not in cleaned


# Texts that nest: pieces of entities and tags, full-width signs, accents, and what falls out between them.
PIECES = st.lists(
    st.sampled_from(
        [
            *"& amp AMP lt gt nbsp ; # 38 60 x26 < > / b a e @ &#8203; &#65286; &amp http:// www.".split(),
            *"＆＜＞﹤；＃≮ﬁﷺ☃ \n\u200b\u0301\u0338\xad\u1100\u1161\u3000\x00\x1c\x85\ud83d",
        ]
    ),
    max_size=14,
).map("".join)
ANY = st.text(st.characters(), max_size=60)  # surrogates included
CHOICES = st.fixed_dictionaries(
    {
        "html": st.booleans(),
        "unicode": st.sampled_from(["NFKC", "NFC", "keep"]),
        "invisible": st.booleans(),
        "urls": st.sampled_from(["keep", "strip", "mask"]),
        "mentions": st.sampled_from(["keep", "strip", "mask"]),
        "repeats": st.integers(0, 3),
        "whitespace": st.booleans(),
    }
)
QUICK = settings(max_examples=200, deadline=None, database=None, derandomize=True)


@QUICK
@given(ANY | PIECES, CHOICES)
def test_any_text_can_be_cleaned_with_any_settings(text, chosen):
    cleaned = clean(text, chosen)
    assert isinstance(cleaned, str)
    if chosen["whitespace"]:
        assert cleaned == " ".join(cleaned.split())
    if chosen["urls"] != "keep":
        assert "http://a" not in clean(f"{text} http://a", chosen)


@settings(QUICK, max_examples=600)
@given(ANY | PIECES)
@example("&amp;amp;")
@example("＜b＞")
@example("<a<b>>")
@example("e\u200b\u0301")
@example("<\u200b\u0338b>")
def test_cleaning_twice_is_cleaning_once(text):
    once = clean(text, DEFAULT)
    assert clean(once, DEFAULT) == once


@QUICK
@given(ANY)
def test_plain_text_is_only_normalised(text):
    plain = "".join(char for char in text if char.isalnum() or char == " ")
    assert clean(plain, DEFAULT) == " ".join(unicodedata.normalize("NFKC", plain).split())


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_is_lower_case_and_stays_when_cleaned_again(name):
    mask = MASKS[name]
    assert mask == mask.lower()
    assert clean(f"see {mask} now", DEFAULT | {"urls": "mask", "mentions": "mask"}) == f"see {mask} now"


SAME = {
    "case": ("Free CRYPTO", "free crypto"),
    "sharp s": ("STRASSE", "straße"),
    "punctuation": ("Free, crypto!!!", "free crypto"),
    "blanks": ("free   crypto\n", "free crypto"),
    "styled letters": ("𝗙𝗿𝗲𝗲 ｃｒｙｐｔｏ", "free crypto"),
    "emoji beside words": ("free crypto 🚀🚀", "free crypto"),
    "accents in parts": ("cafe\u0301", "CAFÉ"),
    "only signs": (" !!! ", "!!!"),
}
DIFFERENT = {
    "words": ("free crypto", "free money"),
    "order": ("dog bites man", "man bites dog"),
    "word breaks": ("a part", "apart"),
    "digits": ("win 100", "win 1000"),
    "only signs": ("🚀", "🚀🚀"),
    "nothing": ("", "!"),
    "Hindi vowels": ("दिन", "दीन"),  # "day" and "poor"
    "Thai vowels": ("ดี", "ดู"),  # "good" and "look"
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_texts_with_the_same_normal_form(one, other):
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_texts_with_another_normal_form(one, other):
    assert normal_form(one) != normal_form(other)


@QUICK
@given(ANY)
def test_normal_form_ignores_case_blanks_and_signs(text):
    form = normal_form(text)
    assert normal_form(f" {text}\n") == form
    assert form == form.strip()
    assert normal_form(text + " x") == normal_form(text + "! X")
