"""Cleaning: the one function that prepare runs on the table and the shipped classifier on its input.

Standard library only, and a pure function of text and settings. The order below is fixed: entities first, because
they can hide what later steps look for; blanks last, because every step can leave some.
"""

import html
import re
import unicodedata

URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# A handle is not the tail of an e-mail address: no word character may stand before the @.
MENTION = re.compile(r"(?<!\w)@\w+")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Zero-width and directional marks, soft hyphens, the byte order mark, and control characters but tab and line
# breaks. The zero-width joiner goes too: scams put it inside words, and an emoji without it only falls into its parts.
INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\u061c\ufeff\U000e0000-\U000e007f\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
BLANKS = re.compile(r"\s+")

ROUNDS = 4  # that hidden entities and tags may take; people nest one or two, only an attack more

# Lower-case words, so that an uncased tokenizer and TF-IDF see the same thing.
MASKS = {"urls": "httpurl", "mentions": "@user"}


def clean(text: str, settings: dict) -> str:
    """The text as every model reads it. settings: the `cleaning` section of params.yaml as a dict."""
    for _, step in steps(settings):
        text = step(text)
    return text


def steps(settings: dict) -> list[tuple[str, object]]:
    """The switched-on steps in order, as (name, function): prepare counts the rows that each one changes."""
    chosen = []
    if settings["html"]:
        chosen.append(("html", lambda text: TAG.sub(" ", html.unescape(text))))
    if settings["unicode"] != "keep":
        chosen.append(("unicode", lambda text: unicodedata.normalize(settings["unicode"], text)))
    if settings["invisible"]:
        chosen.append(("invisible", lambda text: INVISIBLE.sub("", text)))
    if chosen:
        chosen.append(("again", lambda text, parts=tuple(step for _, step in chosen): settled(text, parts)))
    for name, pattern in (("urls", URL), ("mentions", MENTION)):
        if settings[name] != "keep":
            replacement = MASKS[name] if settings[name] == "mask" else " "
            chosen.append((name, lambda text, pattern=pattern, by=replacement: pattern.sub(by, text)))
    if settings["repeats"]:
        longest = settings["repeats"]
        run = re.compile(rf"(\D)\1{{{longest},}}")  # not digits: 1000000 is a number, not an emphasis
        chosen.append(("repeats", lambda text: run.sub(lambda match: match[1] * longest, text)))
    if settings["whitespace"]:
        chosen.append(("whitespace", lambda text: BLANKS.sub(" ", text).strip()))
    return chosen


def settled(text: str, parts: tuple) -> str:
    """The parts again, until none finds anything: &amp;lt;b> hides a tag, and so does a full-width or split <b>."""
    for _ in range(ROUNDS):
        before = text
        for part in parts:
            text = part(text)
        if text == before:
            return text
    return settled(re.sub("[&<]", " ", text), parts)  # nothing is left that could open an entity or a tag


def normal_form(text: str) -> str:
    """What makes two texts duplicates: equal after NFKC, lower case, and without anything but letters and digits."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # marks count: they are the vowels of Hindi and Thai, which \w leaves out
    kept = (
        char if unicodedata.category(char)[0] in "LNM" and not "\ufe00" <= char <= "\ufe0f" else " " for char in folded
    )
    return " ".join("".join(kept).split()) or folded.strip()
