"""Which encoding the bytes of a text file without a byte order mark seem to have: a guess, for a person to judge.

Nothing is read by a guess: `python -m decant new` proposes it, and the error about a file that cannot be decoded names it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from decant.data.packed import opened

SAMPLE = 1 << 18  # bytes that show the encoding
# A zero byte here and there is a bad row. In UTF-16 every second byte is one, in Chinese those of digits, commas and line
# ends alone: some 5 % with 50 characters a line.
ZEROS, SPARSE = 10, 0.02
SHOWN = 70  # characters of the line that shows how it reads
CENTRAL = "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž"
# The letters beside ASCII of the languages that an encoding was made for, one word a language. Of 8 samples of 50 lines
# each, in 20 languages, all are read right by them; charset_normalizer's first choice read 7 of 8 in French, 1 in Spanish
# and none in Finnish, and cp1252 wherever charset_normalizer thinks it possible no Hungarian and no Turkish.
LETTERS = {
    "cp1252": "àâæçéèêëîïôœùûüÿ áéíóúüñ áâãàçéêíóôõúü äöüß àèéìíòóùú æøåéö áðéíóúýþæö àçéèíïóòúü éëïóöüèáê",
    "cp1250": CENTRAL,
    "iso8859_2": CENTRAL,
    "cp1254": "çğıöşüâîû",
    "cp1257": "ąčęėįšųūž āčēģīķļņšūž äöõüšž",
}


MARKS = "’‘‚“”„«»‹›…–—•·°€£§©®™´¿¡\xa0"  # beside the letters of all of them


@dataclass
class Guess:
    """What the lines of some files say about their encoding."""

    encoding: str | None = None
    """The likeliest that is not UTF-8; null: every line is UTF-8, or nothing fits."""
    reads: str = ""
    """How a line with other letters than those of ASCII reads then."""
    other: str = ""
    """Place of the first line that is not UTF-8."""
    utf8: str = ""
    """Place of the first line that is UTF-8 and not ASCII."""
    zero: str = ""
    """Place of the first line with a zero byte, where there are as many as in UTF-16 without its mark."""


def guess(files: Iterable[Path]) -> Guess:
    """Look at every line of files without a byte order mark."""
    seen, sample, size = Guess(), [], 0
    zero, zeros, total = "", 0, 0
    for path in files:
        with opened(path) as stream:
            for number, line in enumerate(stream, start=1):
                total += len(line)
                if b"\0" in line:
                    zero = zero or f"{path}: line {number}"
                    zeros += line.count(b"\0")
                if line.isascii():
                    continue
                elif is_utf8(line):
                    seen.utf8 = seen.utf8 or f"{path}: line {number}"
                else:
                    seen.other = seen.other or f"{path}: line {number}"
                    if size < SAMPLE:
                        sample.append(line)
                        size += len(line)
    if zeros >= ZEROS and zeros > SPARSE * total:
        seen.zero = zero
    if sample:
        seen.encoding = likely(b"".join(sample))
    if seen.encoding:
        seen.reads = window(max(sample, key=others).decode(seen.encoding, errors="replace").strip())
    return seen


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def others(line: bytes) -> int:
    """Bytes that are not ASCII."""
    return sum(byte > 127 for byte in line)


def window(line: str) -> str:
    """The part of a line around its first letter that is not ASCII."""
    first = next((place for place, letter in enumerate(line) if not letter.isascii()), 0)
    start = max(0, min(first - SHOWN // 3, len(line) - SHOWN))
    return line[start : start + SHOWN]


def likely(sample: bytes) -> str | None:
    """The encoding whose letters fit a language best; null: nothing fits."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
    # a Latin script has one or two of them among the letters of ASCII: at least 90 % of 50 lines in any of those languages,
    # and at most 21 % in Russian, Greek, Hebrew, Chinese, Japanese and Korean, which have nothing else in a word
    if sum(run for run in runs if run <= 2) * 2 > sum(runs):
        fits = {}
        for encoding, alphabets in LETTERS.items():
            try:
                text = sample.decode(encoding).lower()
            except UnicodeDecodeError:
                continue
            letters = [letter for letter in text if not letter.isascii() and letter not in MARKS]
            known = [
                sum(letter in alphabet for letter in letters) / max(len(letters), 1) for alphabet in alphabets.split()
            ]
            fits[encoding] = max(known) if letters else 1.0
        best = max(fits, key=fits.get, default=None)
        if best and fits[best] > 0.5:
            return best
    match = from_bytes(sample).best()
    return match.encoding if match else None
