"""Raw texts that are hard to clean: those of the table, disfigured as web pages, keyboards and scammers do it.

Seeded, so that a build repeats. They are read by the bundle stage alone, and written nowhere.
"""

import html
import random
from collections.abc import Callable
from html.entities import codepoint2name

INVISIBLE = "\u200b\u200c\u200d\u200e\u2060\ufeff\xad\u202e\u2066\x00\x08\x1b\x7f\x85\U000e0041"
BLANKS = ("\t", "\n", "\r\n", "\x0b", "\x0c", "\x1f", "\xa0", "\u2003", "\u2028", "\u3000", "  ", " \n ")
TAGS = (
    "<b>{}</b>",
    '<a href="https://example.test/?a=1&b=2">{}</a>',
    "{}<br/>",
    "<i\n>{}</ i>",
    "<{}>",
    "{}<b",
    "< b>{}",
)
MARKS = "\u0301\u0300\u0308\u0327\u0336\u20dd\ufe0f"
FOUND = (
    "https://example.test/a?b=1&copy=2", "WWW.Example.test", "htttp://example.test", "@someone", "me@example.test", "＠you",
    "#winner", "##a1", "#1", "#number", "$BTC", "$100", "$$eth", "1,000.50", "12:30", "５００", "٣٤", "[SEP]", "[MASK]", "ΣΟΦΟΣ",
    "İstanbul", "straße", "ﬁne", "①②", "™", "…", "½", "👩\u200d🚀", "❤️", "🇩🇪", "𠀋", "漢字", "ส้ม", "हिन्दी", "مرحبا", "가", "ᄒ\u1161\u11ab",
)  # fmt: skip
ENTITIES = (
    "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#x27;", "&#x2F;", "&apos;", "&nbsp;", "&#160;", "&rsquo;", "&#8217;",
    "&#146;", "&hellip;", "&ndash;", "&mdash;", "&euro;", "&copy;", "&trade;", "&eacute;", "&uuml;", "&ntilde;", "&zwj;",
    "&#8203;", "&#x200B;", "&amp;amp;", "&amp;lt;b&amp;gt;", "&amp", "&lt", "&#0;", "&#xD800;", "&#99999999;", "&notin;",
    "&Aacute", "&bogus;", "&", "&;", "&#;", "&AMP;", "&fjlig;", "&alpha;", "&#1087;", "&#x1F600;",
)  # fmt: skip


def nasties(texts: list[str], n: int, seed: int) -> list[str]:
    """n texts: each one of `texts`, or one word in three, with one to six disfigurements."""
    draw = random.Random(seed)
    return [_disfigured(draw.choice(texts) if draw.random() < 0.67 else draw.choice(FOUND), draw) for _ in range(n)]


def _disfigured(text: str, draw: random.Random) -> str:
    for _ in range(draw.randint(1, 6)):
        text = draw.choice(WAYS)(text, draw)
    return text


def _anywhere(found: tuple[str, ...] | str, apart: str = "") -> Callable[[str, random.Random], str]:
    def put(text: str, draw: random.Random) -> str:
        place = draw.randint(0, len(text))
        return text[:place] + apart + draw.choice(found) + apart + text[place:]

    return put


def _written(text: str, draw: random.Random) -> str:
    """Some of the letters as entities, by name or number."""
    return "".join(_entity(char, draw) if draw.random() < 0.1 else char for char in text)


def _entity(char: str, draw: random.Random) -> str:
    point = ord(char)
    ways = [f"&#{point};", f"&#x{point:x};", f"&#X{point:04X};", f"&#{point}"]
    return draw.choice([*ways, f"&{codepoint2name[point]};"] if point in codepoint2name else ways)


def _styled(text: str, draw: random.Random) -> str:
    """A stretch in bold mathematical letters or full width, which NFKC folds."""
    start, by = draw.randint(0, len(text)), draw.choice(({"A": 0x1D400, "a": 0x1D41A, "0": 0x1D7CE}, None))
    stretch = text[start : start + draw.randint(1, 20)]
    return text[:start] + "".join(_style(char, by) for char in stretch) + text[start + len(stretch) :]


def _style(char: str, by: dict[str, int] | None) -> str:
    if not "!" <= char <= "~":
        return char
    if by is None:
        return chr(ord(char) + 0xFEE0)
    first = "0" if char.isdigit() else "a" if char.islower() else "A"
    return chr(by[first] + ord(char) - ord(first)) if char.isalnum() else char


def _tagged(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    place = draw.randrange(len(words))
    words[place] = draw.choice(TAGS).format(words[place])
    return " ".join(words)


def _blank(text: str, draw: random.Random) -> str:
    return draw.choice(BLANKS).join(text.split(" "))


def _repeated(text: str, draw: random.Random) -> str:
    place = draw.randint(0, len(text))
    return text[:place] + text[place : place + 1] * draw.randint(2, 12) + text[place:]


def _mistaken(text: str, draw: random.Random) -> str:
    """Read in another encoding than it was written in."""
    return text.encode("utf-8", "ignore").decode(draw.choice(("cp1252", "latin-1")), "ignore")


def _escaped(text: str, draw: random.Random) -> str:
    for _ in range(draw.randint(1, 3)):
        text = html.escape(text)
    return text


def _stray(text: str, draw: random.Random) -> str:
    """Three characters of any script."""
    points = [draw.choice((draw.randrange(0xD800), draw.randrange(0xE000, 0x20000))) for _ in range(3)]
    return _anywhere("".join(map(chr, points)))(text, draw)


WAYS = (
    _anywhere(INVISIBLE), _anywhere(INVISIBLE), _anywhere(MARKS), _anywhere(ENTITIES), _anywhere(ENTITIES),
    _anywhere(FOUND, " "), _anywhere(FOUND), _written, _styled, _tagged, _blank, _repeated, _mistaken, _escaped, _stray,
    lambda text, draw: text.upper(), lambda text, draw: text * draw.randint(2, 12),
)  # fmt: skip
