"""Labels that look alike: which of them are one class, and how it is called."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise


def readable(raw: str) -> str:
    """A raw label as the name of a class: composed, without invisible signs at its ends, one blank between words."""
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    hidden = "".join({sign for sign in text if unicodedata.category(sign) == "Cf"})
    return text.strip(hidden + " ") or raw.strip()


def forms(raw: str) -> dict[str, str]:
    """What a label is without each thing that nobody sees or means, one after the other; the last has none of them."""
    said = {"as written": raw}
    text = said["Unicode's form of a letter"] = unicodedata.normalize("NFC", raw)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf" and not 0xFE00 <= ord(sign) <= 0xFE0F)
    said["signs that cannot be seen"] = text
    text = said["blanks"] = " ".join(text.split())
    text = said["zeros after the point"] = re.sub(r"^([+-]?\d+)\.0+$", r"\1", text)
    said["case"] = text.casefold()
    return said


def alike(raws: Iterable[str]) -> list[list[str]]:
    """The labels in groups of one class each. Where all would be one class, their case counts, and then everything."""
    raws = list(raws)
    for fold in ("case", "zeros after the point", "as written"):
        groups: dict[str, list[str]] = {}
        for raw in raws:
            groups.setdefault(forms(raw)[fold], []).append(raw)
        if len(groups) > 1 or len(raws) < 2:
            break
    return list(groups.values())


def difference(raws: list[str]) -> str:
    """In what the labels of a group differ."""
    each = [forms(raw) for raw in raws]
    steps = list(each[0])
    kinds = [
        step for before, step in pairwise(steps)
        if len({one[step] for one in each}) < len({one[before] for one in each})
    ]  # fmt: skip
    return " and ".join(kinds)


def merged(name: str, raws: list[str], rows: Mapping[str, int], key: str) -> str:
    """The warning about labels that are taken for one class. key: where they can be parted."""
    each = ", ".join(f"{ascii(raw) if not raw.isprintable() else repr(raw)} ({rows[raw]:,})" for raw in raws)
    return f"class {name}: {each} differ in {difference(raws)} alone and are taken for one; if they are two, part them in {key}"
