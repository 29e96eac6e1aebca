"""Cleaning: the one function that prepare runs on the table and the shipped classifier on its input.

A pure function of text and settings. The order of the steps is fixed: entities first, because they can hide what later
steps look for; blanks last, because every step can leave some. One pass can bring forth what an earlier step looks for
(&amp;lt;b> hides a tag, a full-width <b> too, htttp:// becomes a link when runs are cut), so passes follow
until one changes nothing: cleaning what is clean leaves it as it is.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

Step = tuple[str, Callable[[str], str]]

URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# A handle is not the tail of an e-mail address: no word character may stand before the @.
MENTION = re.compile(r"(?<!\w)@\w+")
# "#1" is a rank, also after its number is masked, and the # in a link is not one of these. A run of signs is tried
# from its first one alone: from each, 100,000 of them would take minutes.
HASHTAG = re.compile(r"(?<![\w#＃])[#＃]+(?!number\b)(\w*[^\W\d_]\w*)")
CASHTAG = re.compile(r"(?<![\w$])\$+(?!number\b)([A-Za-z]{1,6})(?![A-Za-z0-9])")  # $BTC; $100 is an amount
NUMBER = re.compile(r"(?<!\w)\d+(?:[.,:]\d+)*(?!\w)")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
ENDLESS = re.compile(r"&#[0-9]{100,};?")  # no character; html.unescape fails on numbers of over 4,300 digits
# Zero-width and directional marks, soft hyphens, the byte order mark, and control characters but tab and line
# breaks. The zero-width joiner goes too: scams put it inside words, and an emoji without it only falls into its parts.
INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\u061c\ufeff\U000e0000-\U000e007f\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)

ROUNDS = 4  # passes that hidden entities and tags may take; people nest one or two, only an attack more
# Without these, also in their other widths, nothing is left that could open an entity, a tag, a handle or a hashtag;
# without those, no wrongly decoded letter.
OPENING = "&<#$@\uff06\uff1c\uff03\uff04\uff20\ufe60\ufe64\ufe5f\ufe69\ufe6b"
BROKEN = "\x80-\xff"

# Lower-case words, so that an uncased tokenizer and TF-IDF see the same thing. Each is its own mask.
MASKS = {"urls": "httpurl", "mentions": "@user", "hashtags": "#hashtag", "cashtags": "$cash", "numbers": "number"}
PATTERNS = {"urls": URL, "mentions": MENTION, "hashtags": HASHTAG, "cashtags": CASHTAG, "numbers": NUMBER}
# Characters without one of which a pattern cannot match.
SIGNS = {
    "urls": ("://", "ww.", "wW.", "Ww.", "WW."),
    "mentions": ("@",),
    "hashtags": ("#", "＃"),
    "cashtags": ("$",),
}


def clean(text: str, settings: dict) -> str:
    """The text as every model reads it. settings: the `cleaning` section of params.yaml as a dict."""
    for _, step in steps(settings):
        text = step(text)
    return text


def steps(settings: dict) -> tuple[Step, ...]:
    """The switched-on steps in order, as (name, function): prepare counts the rows that each one changes."""
    return _steps(tuple(settings.items()))


@lru_cache(maxsize=32)
def _steps(items: tuple) -> tuple[Step, ...]:
    settings = dict(items)
    chosen: list[Step] = []
    if settings["html"]:
        chosen.append(("html", _without_html))
    if settings["mojibake"]:
        chosen.append(("mojibake", _repaired))
    if form := settings["unicode"] if settings["unicode"] != "keep" else None:
        chosen.append(("unicode", lambda text: text if text.isascii() else unicodedata.normalize(form, text)))
    if settings["invisible"]:
        chosen.append(("invisible", lambda text: INVISIBLE.sub("", text)))
    for name, pattern in PATTERNS.items():
        if settings[name] != "keep":
            by = {"mask": MASKS[name], "strip": " ", "word": r"\1"}[settings[name]]
            chosen.append((name, _replacing(pattern, by, SIGNS.get(name))))
    if longest := settings["repeats"]:
        run = re.compile(rf"(\D)\1{{{longest},}}")  # not digits: 1000000 is a number, not an emphasis
        chosen.append(("repeats", lambda text: run.sub(lambda match: match[1] * longest, text)))
    if settings["whitespace"]:
        chosen.append(("whitespace", lambda text: " ".join(text.split())))
    if chosen:
        parts = tuple(step for _, step in chosen)
        opening = re.compile(f"[{OPENING}{BROKEN if settings['mojibake'] else ''}]")
        chosen.append(("again", lambda text: settled(text, parts, opening)))
    return tuple(chosen)


def _replacing(pattern: re.Pattern, by: str, signs: tuple[str, ...] | None) -> Callable[[str], str]:
    if signs is None:
        return lambda text: pattern.sub(by, text)
    return lambda text: pattern.sub(by, text) if any(sign in text for sign in signs) else text


def _without_html(text: str) -> str:
    if "&" in text:
        text = html.unescape(ENDLESS.sub("\ufffd", text))
    return TAG.sub(" ", text) if "<" in text else text


def _repaired(text: str) -> str:
    """Only what ftfy recognises as wrongly decoded; it reads ASCII as it is."""
    # here, for few data need it: importing it takes .2 s of the classifier's start
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    return fix_encoding(text) if not text.isascii() and is_bad(text) else text


def settled(text: str, parts: tuple, opening: re.Pattern) -> str:
    """All steps again, until none finds anything."""
    for _ in range(ROUNDS):
        before = text
        for part in parts:
            text = part(text)
        if text == before:
            return text
    # nested on purpose
    opened = opening.sub(" ", text)
    return settled(opened, parts, opening) if opened != text else text


def has_url(text: str) -> bool:
    return any(sign in text for sign in SIGNS["urls"]) and URL.search(text) is not None


# Chinese and Japanese put no blanks between words: of the scripts that they are written in, each character counts as a word.
HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f"
WORD = rf"[{HAN}{KANA}]|[^\W{HAN}{KANA}]+"  # of the others, a run of letters, digits and _


def words(text: str) -> int:
    """What the counts of prepare.json count."""
    return len(_WORDS.findall(text))


_WORDS = re.compile(WORD)


def folded(text: str) -> str:
    """The text with a blank in place of all that is no letter, digit or mark, each character in its place."""
    return text.translate(_FOLDING)


class _Folding(dict):
    """Code point -> itself if it is a letter, a digit or a mark, else a blank; filled as characters turn up."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        # marks count: they are the vowels of Hindi and Thai, which \w leaves out; variation selectors do not
        kept = unicodedata.category(char)[0] in "LNM" and not "\ufe00" <= char <= "\ufe0f"
        self[point] = char if kept else " "
        return self[point]


_FOLDING = _Folding()


def normal_form(text: str) -> str:
    """What makes two texts duplicates: equal after NFKC, lower case, and without anything but letters and digits."""
    lower = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded(lower).split()) or lower.strip()
