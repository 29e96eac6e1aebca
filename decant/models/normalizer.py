"""Cleaning as a normalizer in tokenizer.json: every runtime that reads the file gets it, without our code.

The steps of `decant.text.clean` become Replace and NFKC steps in front of the tokenizer's own normalizer. Three readers
take the file: Rust's tokenizers (Oniguruma), @huggingface/tokenizers and older transformers.js (regexes of JavaScript with
the flags g and u). What they read alike is used and nothing else: literal characters and ranges, \\p{L}, \\p{N}, \\p{Nd},
lookaround, a backreference inside a pattern. Not \\s, \\w and \\b, which mean other sets in each, nor (?i), nor groups in
a replacement, which Rust takes as plain text.

A step costs .4 microseconds a post of 145 characters, so one step stands for all spellings of what it replaces.
"""

import json
import unicodedata
from html.entities import html5
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from decant.files import write_json
from decant.text import INVISIBLE, MASKS, TAG, clean

Step = dict[str, object]

LETTER = r"\p{L}\p{N}_"  # Python's \w, inside a class; Oniguruma's has marks too, and not all numerals
BLANKS = "\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # str.isspace, inside a class
NO_BLANK = BLANKS.replace(" ", "").replace("\x1c-", "\x1c-\x1f")  # those but the plain one

# Characters whose entities are undone, of the 2,231 names and 1,114,111 numbers that html.unescape knows: what escapers
# of HTML, JavaScript and word processors write, blanks, and what is invisible.
AMPERSAND = "&"  # first, since &amp;lt; hides another
SIGNS = "<>\"'`=/!#$%()*+,-.:;?@[\\]^_{|}~" + "–—‘’“”„…•·«»™©®°€£×½→♥"
BLANK = " \t\n\r\xa0\u2002\u2003\u2009\u200a\u2028\u2029\u3000"
UNSEEN = "\xad\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\ufeff"
# Numbers of no character: zero, surrogates, and what lies beyond Unicode.
NONE = (
    "&#(?:0+(?![0-9])|0*[1-9][0-9]{7,}|[xX](?:0+(?![0-9a-fA-F])|0*[dD][89a-fA-F][0-9a-fA-F]{2}(?![0-9a-fA-F])"
    "|0*[1-9a-fA-F][0-9a-fA-F]{6,}));?"
)
# Numbers of control characters, which html.unescape drops.
CONTROL = (
    "&#(?:0*(?:[1-8]|11|1[4-9]|2[0-9]|3[01]|127|129|141|143|144|157)(?![0-9])"
    "|[xX]0*(?:[1-8bBeEfF]|1[0-9a-fA-F]|7[fF]|81|8[dDfF]|90|9[dD])(?![0-9a-fA-F]));?"
)
# Letters too, where the tokenizer folds case and accents, so that 37 steps are enough for all of these.
LETTERS = "".join(
    char for char in map(chr, range(0x30, 0x180)) if unicodedata.category(char) in ("Ll", "Lu", "Nd")
)  # fmt: skip

UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # of the bytes of Windows-1252
# What UTF-8 makes of these where it is read as Windows-1252, â€™ for ’. Beside ASCII alone: ftfy always repairs these
# there (not Ã…, Ã’ and others, which could be meant), and gives up in a heap of them.
MISREAD = "‘’“”–—…•€→♥\ufffd«»°£©®ÀÁÄÆÇÈÉÊËÍÏÐÑÓÔÕÖØÙÚÛÜÝÞßàáâãäæçèéêëìíîïðñòóôõöøùúûüýþÿ"

PATTERNS = {
    "urls": f"(?:[hH][tT][tT][pP][sS]?://|[wW][wW][wW][.])[^{BLANKS}]+",
    "mentions": f"(?<![{LETTER}])@[{LETTER}]+",
    "hashtags": f"(?<![{LETTER}#＃])[#＃]+(?!number(?![{LETTER}]))[{LETTER}]*[\\p{{L}}\\p{{Nl}}\\p{{No}}][{LETTER}]*",
    "cashtags": f"(?<![{LETTER}$])[$]+(?!number(?![{LETTER}]))[A-Za-z]{{1,6}}(?![A-Za-z0-9])",
    "numbers": f"(?<![{LETTER}])\\p{{Nd}}+(?:[.,:]\\p{{Nd}}+)*(?![{LETTER}])",
}
# the sign alone, where the word stays
LEADING = {
    "hashtags": f"(?<![{LETTER}#＃])[#＃]+(?!number(?![{LETTER}]))(?=[{LETTER}]*[\\p{{L}}\\p{{Nl}}\\p{{No}}])",
    "cashtags": f"(?<![{LETTER}$])[$]+(?!number(?![{LETTER}]))(?=[A-Za-z]{{1,6}}(?![A-Za-z0-9]))",
}


class Compiled(NamedTuple):
    """Steps for tokenizer.json, and what of the cleaning they leave out, a sentence each."""

    steps: list[Step]
    unexpressed: list[str]


def install(source: Path, target: Path, cleaning: dict) -> Compiled:
    """Write the tokenizer in `source` (tokenizer.json) to `target`, with the cleaning before its own normalizer."""
    content = json.loads(source.read_text(encoding="utf-8"))
    compiled = compile_cleaning(cleaning, Tokenizer.from_file(str(source)))
    own = [content["normalizer"]] if content["normalizer"] else []
    content["normalizer"] = {"type": "Sequence", "normalizers": [*compiled.steps, *own]}
    write_json(target, content)
    return compiled


def compile_cleaning(cleaning: dict, tokenizer: Tokenizer) -> Compiled:
    """The steps for the `cleaning` section, in the order of a text that clean() has run over until nothing changes.

    Normal form and invisible characters come first here: clean() finds an entity that they hide in its next pass.
    """
    own = tokenizer.normalizer
    folds = own is not None and own.normalize_str("AÉ") == "ae"
    steps: list[Step] = []
    if cleaning["mojibake"]:  # first, for NFKC takes such letters apart
        steps += repairs(cleaning, own.normalize_str if folds else None)
    if cleaning["unicode"] != "keep":
        steps.append({"type": cleaning["unicode"]})
    if cleaning["invisible"]:
        steps.append(replace(INVISIBLE.pattern, ""))
    if cleaning["html"]:
        steps += entities(cleaning, own.normalize_str if folds else None)
        steps += [replace(TAG.pattern, " ")] * 2  # one may hide in the attribute of another
    for name, pattern in PATTERNS.items():
        if cleaning[name] == "word":
            steps.append(replace(LEADING[name], ""))
        elif cleaning[name] != "keep":
            steps.append(replace(pattern, {"mask": MASKS[name], "strip": " "}[cleaning[name]]))
    if longest := cleaning["repeats"]:
        # all but the last ones of a run go: a reader that takes the replacement as plain text cannot repeat a group
        steps.append(replace(rf"(\P{{Nd}})(?=\1{{{longest}}})", ""))
    if cleaning["whitespace"]:
        steps.append(
            replace(f"[{NO_BLANK}][{BLANKS}]*| [{BLANKS}]+", " ")
        )  # not one plain blank, of which texts are full
        steps.append({"type": "Strip", "strip_left": True, "strip_right": True})
    if folds:
        # JavaScript writes the last sigma of a word in its final form, Rust does not: there is none left to fold
        steps.append(replace("Σ", "σ"))
    return Compiled(steps, unexpressed(cleaning, folds))


def replace(pattern: str, content: str) -> Step:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def entities(cleaning: dict, fold) -> list[Step]:
    """A step for each text that entities of the chosen characters become. fold: the tokenizer's own, of one letter."""
    chosen = SIGNS + BLANK + UNSEEN + (LETTERS if fold else "")
    became = {char: meaning(char, cleaning, fold) for char in chosen}
    grouped = groupby(sorted(chosen, key=lambda char: (became[char], char)), key=became.get)
    ampersands = f"&(?:{'|'.join(spellings(AMPERSAND))})+"  # however deep they are nested
    return [
        replace(ampersands, AMPERSAND),
        replace(NONE, "\ufffd"),
        replace(CONTROL, ""),
        *(
            replace(f"&(?:{'|'.join(way for char in chars for way in spellings(char))})", text)
            for text, chars in grouped
        ),
    ]


def repairs(cleaning: dict, fold) -> list[Step]:
    """A step for each text that wrongly decoded characters become. fold: the tokenizer's own, of one letter."""
    became = {char: meaning(char, cleaning, fold) for char in MISREAD}
    grouped = groupby(sorted(MISREAD, key=lambda char: (became[char], char)), key=became.get)
    return [replace(f"(?<![^\t-~])(?:{'|'.join(map(misread, chars))})(?![^\t-~])", text) for text, chars in grouped]


def misread(char: str) -> str:
    """As if its UTF-8 were Windows-1252, where that has no character as if it were Latin-1."""
    return "".join(bytes([byte]).decode("latin-1" if byte in UNDEFINED else "cp1252") for byte in char.encode())


def meaning(char: str, cleaning: dict, fold) -> str:
    """What a character is after the steps of its own kind, in which no entity is undone again."""
    if char.isspace() and cleaning["whitespace"]:
        return " "
    plain = clean(
        char, {**dict.fromkeys(cleaning, "keep"), **SILENT, **{key: cleaning[key] for key in ("unicode", "invisible")}}
    )
    return fold(plain) if fold and plain.isalnum() else plain


SILENT = {"html": False, "mojibake": False, "repeats": 0, "whitespace": False}


def spellings(char: str) -> list[str]:
    """Patterns of what may follow the & of a character's entity: names, decimal and hexadecimal numbers."""
    names = sorted(name for name, meant in html5.items() if meant == char and name.endswith(";"))
    # an old name needs no semicolon
    ways = [name[:-1] + (";?" if name[:-1] in html5 else ";") for name in names]
    for point in (ord(char), *_windows(char)):
        digits = "".join(f"[{digit.lower()}{digit}]" if digit.isalpha() else digit for digit in f"{point:X}")
        ways += [f"#0*{point}(?![0-9]);?", f"#[xX]0*{digits}(?![0-9a-fA-F]);?"]
    return ways


def _windows(char: str) -> list[int]:
    """The byte of Windows-1252 by which old pages number a character, &#150; for a dash; none for most."""
    return [byte for byte in range(0x80, 0xA0) if bytes([byte]).decode("cp1252", "ignore") == char]


def unexpressed(cleaning: dict, folds: bool) -> list[str]:
    """What the steps leave out, a sentence each."""
    left = []
    if cleaning["mojibake"]:
        left.append(
            f"mojibake: wrongly decoded characters other than {len(MISREAD)} frequent ones, for ftfy has more rules"
        )
    if cleaning["html"]:
        kept = len(set(SIGNS + BLANK + UNSEEN + AMPERSAND + (LETTERS if folds else "")))
        left.append(f"html: entities of characters other than {kept} frequent ones")
    left.append("again: what only a second pass brings forth, such as a link whose http:// had a letter too many")
    left.append(
        "special tokens: a [SEP] that cleaning would bring forth is not one, and one in the text is cut out first"
    )
    return left
