"""Cleaning: every option of every step, their order, what hides inside other things, and the normal form of duplicates."""

import unicodedata

import pytest
from graph import ROOT

from decant.settings.params import read
from decant.text import MASKS, clean, has_url, normal_form, steps

OFF = {
    "html": False,
    "mojibake": False,
    "unicode": "keep",
    "invisible": False,
    "urls": "keep",
    "mentions": "keep",
    "hashtags": "keep",
    "cashtags": "keep",
    "numbers": "keep",
    "repeats": 0,
    "whitespace": False,
}
ALL = {
    "html": True,
    "mojibake": True,
    "unicode": "NFKC",
    "invisible": True,
    "urls": "mask",
    "mentions": "mask",
    "hashtags": "mask",
    "cashtags": "mask",
    "numbers": "mask",
    "repeats": 2,
    "whitespace": True,
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
    "no character of that number": ("a&#99999999;b&#xD800;", "a\ufffdb\ufffd"),
    "number that Python refuses to read": (f"a&#{'9' * 5000};b", "a\ufffdb"),
}
MOJIBAKE = {
    "apostrophe": ("it doesnâ€™t", "it doesn’t"),
    "letter": ("cafÃ©", "café"),
    "capital": ("RUF MICH ZURÃœCK", "RUF MICH ZURÜCK"),
    "lost character": ("canï¿½t", "can\ufffdt"),
    "quotes": ("â€œfreeâ€\x9d", "“free”"),
    "emoji": ("ðŸš€ go", "🚀 go"),
    "Cyrillic": ("Ð\x9fÑ\x80Ð¸Ð²ÐµÑ\x82", "Привет"),
    "twice wrong": ("ÃƒÂ©t", "ét"),
    "money": ("Â£5", "£5"),
}
UNTOUCHED = [
    "naïve café", "São Paulo", "SÃO PAULO", "Ã", "ÃÃÃ", "VOILÀ… 5 £ µm", "IL Y MARQUÉ…", "“quotes” – it’s", "🚀🔥👍🏽", "Привет",
    "日本語", "Ünïcödé ÄÖÜ ß", "(à gauche) Â", "â", "can\ufffdt", "नमस्ते", "plain ASCII ~^`", "½ ¾ ©", "Łódź, Čeština, őű", "",
]  # fmt: skip
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
LINK = "see https://x.org/a?b=1 now"
URLS = {
    "keep": ("keep", LINK, LINK),
    "strip": ("strip", LINK, "see   now"),
    "mask": ("mask", LINK, "see httpurl now"),
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
    "one behind the other": ("strip", "@ann@bob hi", "   hi"),
}
HASHTAGS = {
    "keep": ("keep", "win #crypto", "win #crypto"),
    "strip": ("strip", "win #crypto now", "win   now"),
    "mask": ("mask", "win #crypto now", "win #hashtag now"),
    "word": ("word", "win #crypto now", "win crypto now"),
    "two signs": ("word", "##deal", "deal"),
    "full-width sign": ("mask", "＃deal", "#hashtag"),
    "with digits": ("mask", "#2nd #covid19", "#hashtag #hashtag"),
    "with an underscore": ("word", "#a_b-c", "a_b-c"),
    "no Latin letters": ("word", "#тег", "тег"),
    "rank": ("strip", "we are #1", "we are #1"),
    "part of a link": ("mask", "x.org/page#top", "x.org/page#top"),
    "language": ("strip", "C# and F#", "C# and F#"),
    "behind another": ("strip", "#a#b hi", "   hi"),
    "alone": ("mask", "# #_ #$5", "# #_ #$5"),
}
CASHTAGS = {
    "keep": ("keep", "buy $BTC", "buy $BTC"),
    "strip": ("strip", "buy $BTC now", "buy   now"),
    "mask": ("mask", "buy $BTC now", "buy $cash now"),
    "word": ("word", "buy $BTC now", "buy BTC now"),
    "small letters": ("word", "$eth", "eth"),
    "two signs": ("mask", "$$btc", "$cash"),
    "in a list": ("word", "$BTC,$ETH", "BTC,ETH"),
    "amount": ("strip", "$100 or $5k", "$100 or $5k"),
    "too long": ("mask", "$DOLLARS", "$DOLLARS"),
    "currency": ("mask", "US$BTC", "US$BTC"),
}
NUMBERS = {
    "keep": ("keep", "win 100", "win 100"),
    "strip": ("strip", "win 100 now", "win   now"),
    "mask": ("mask", "win 100 now", "win number now"),
    "separators": ("mask", "1,000.50 at 12:30", "number at number"),
    "end of a sentence": ("mask", "it was 7.", "it was number."),
    "date": ("mask", "2024-01-31", "number-number-number"),
    "signs around": ("mask", "-5 50% $100", "-number number% $number"),
    "part of a word": ("mask", "v2 2nd covid19 1e5", "v2 2nd covid19 1e5"),
    "other digits": ("mask", "١٢", "number"),
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
SWITCHES = {"html": HTML, "mojibake": MOJIBAKE, "invisible": INVISIBLE, "whitespace": WHITESPACE}
CHOICES = {
    "unicode": UNICODE,
    "urls": URLS,
    "mentions": MENTIONS,
    "hashtags": HASHTAGS,
    "cashtags": CASHTAGS,
    "numbers": NUMBERS,
    "repeats": REPEATS,
}
STEPS = [
    *(pytest.param(key, True, *case, id=f"{key}: {name}") for key, cases in SWITCHES.items() for name, case in cases.items()),
    *(pytest.param(key, *case, id=f"{key}: {name}") for key, cases in CHOICES.items() for name, case in cases.items()),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "text", "cleaned"), STEPS)
def test_every_option_of_every_step(key, value, text, cleaned):
    assert clean(text, OFF | {key: value}) == cleaned


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_was_decoded_well_is_not_repaired(text):
    assert clean(text, OFF | {"mojibake": True}) == text


MESS = "<b>&#64;ann&nbsp;&amp;</b>\u200b ﬁnd @ann #tag $BTC 7 cafÃ©\n\nhttps://x.org !!!!"


def test_with_everything_off_nothing_changes():
    assert steps(OFF) == ()
    assert clean(MESS, OFF) == MESS


def test_steps_run_in_one_order_whatever_the_order_of_the_settings():
    assert [name for name, _ in steps(ALL)] == [
        "html", "mojibake", "unicode", "invisible", "urls", "mentions", "hashtags", "cashtags", "numbers", "repeats",
        "whitespace", "again",
    ]  # fmt: skip
    assert clean(MESS, ALL) == "@user & find @user #hashtag $cash number café httpurl !!"
    assert clean(MESS, dict(reversed(ALL.items()))) == clean(MESS, ALL)


ORDER = {
    "entities before mentions": ("&#64;ann", {"html": True, "mentions": "mask"}, "@user"),
    "entities before links": ("https:&#47;&#47;x.org", {"html": True, "urls": "mask"}, "httpurl"),
    "entities before invisible": ("fr&#8203;ee", {"html": True, "invisible": True}, "free"),
    "entities before mojibake": ("caf&Atilde;&copy;", {"html": True, "mojibake": True}, "café"),
    "mojibake before unicode": ("ï¼¡", {"mojibake": True, "unicode": "NFKC"}, "A"),
    "styled letters before links": ("𝗵𝘁𝘁𝗽𝘀://x.org", {"unicode": "NFKC", "urls": "mask"}, "httpurl"),
    "styled letters before mentions": ("＠ann", {"unicode": "NFKC", "mentions": "mask"}, "@user"),
    "invisible before links": ("ht\u200btps://x.org", {"invisible": True, "urls": "mask"}, "httpurl"),
    "invisible before repeats": ("so\u200bo\u200boo", {"invisible": True, "repeats": 2}, "soo"),
    "links before mentions": ("https://x.org/@ann", {"urls": "strip", "mentions": "mask"}, " "),
    "links before hashtags": ("https://x.org/#top", {"urls": "mask", "hashtags": "strip"}, "httpurl"),
    "links before numbers": ("https://x.org/7", {"urls": "mask", "numbers": "mask"}, "httpurl"),
    "hashtags before numbers": ("#7up 7", {"hashtags": "word", "numbers": "mask"}, "7up number"),
    "an amount stays one when its number is masked": ("$100", {"cashtags": "mask", "numbers": "mask"}, "$number"),
    "a rank stays one when its number is masked": ("#1", {"hashtags": "strip", "numbers": "mask"}, "#number"),
    "runs are cut before links are found again": ("htttps://x.org", {"urls": "mask", "repeats": 2}, "httpurl"),
    "blanks last": ("a <b> @ann ", {"html": True, "mentions": "strip", "whitespace": True}, "a"),
}


@pytest.mark.parametrize(("text", "on", "cleaned"), ORDER.values(), ids=ORDER)
def test_what_one_step_uncovers_the_others_see(text, on, cleaned):
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


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_is_lower_case_and_stays_when_cleaned_again(name):
    mask = MASKS[name]
    assert mask == mask.lower()
    assert clean(f"see {mask} now", ALL | {"repeats": 0}) == f"see {mask} now"


# -- links and duplicates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["https://x.org", "at HTTP://X.ORG", "www.x.org", "Www.x.org", "wwW.x.org", "wwww.x"])
def test_a_text_with_a_link_is_known_by_it(text):
    assert has_url(text)


@pytest.mark.parametrize("text", ["x.org", "https: //x", "http", "ftp://x.org", "www. x", ""])
def test_a_text_without_a_link_is_known_too(text):
    assert not has_url(text)


SAME = {
    "case": ("Free CRYPTO", "free crypto"),
    "sharp s": ("STRASSE", "straße"),
    "punctuation": ("Free, crypto!!!", "free crypto"),
    "blanks": ("free   crypto\n", "free crypto"),
    "styled letters": ("𝗙𝗿𝗲𝗲 ｃｒｙｐｔｏ", "free crypto"),
    "emoji beside words": ("free crypto 🚀🚀", "free crypto"),
    "accents in parts": ("cafe\u0301", "CAFÉ"),
    "variation selector": ("free\ufe0f crypto", "free crypto"),
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


def test_a_normal_form_is_lower_case_words_and_nothing_else():
    assert normal_form("  Don't PANIC: ﬁnd 2 (two) cafe\u0301s! ") == "don t panic find 2 two cafés"
    assert unicodedata.is_normalized("NFC", normal_form("cafe\u0301"))
