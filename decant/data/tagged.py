"""Text a line with its label on it, fastText's and TREC's, or in a file beside it, as TweetEval has them."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from decant.data import packed
from decant.data.bad import STRICT, BadRows
from decant.data.objects import Row
from decant.data.textlines import lines
from decant.errors import DataError

MARK = "__label__"
TREC = re.compile(r"([^\s:]+):(\S+)\s+(.*)", re.DOTALL)
TEXTS = re.compile(r"(?:(.*)[_.-])?(texts?)", re.IGNORECASE)  # train_text, text
MAPPING = "mapping.txt"


def fasttext(file: Path, encoding: str, bad: BadRows = STRICT) -> Iterator[Row]:
    """label (a list), text. A word with the mark is a label wherever it stands, as fastText takes it."""
    for number, line in enumerate(lines(file, encoding, "\n", bad), start=1):
        words = line.split()
        if not words:
            continue
        labels = [word.removeprefix(MARK) for word in words if word.startswith(MARK)]
        if not labels:
            bad.met("no_label", f"{file}: row {number}: no word begins with {MARK}: {line.strip()[:60]!r}")
            continue
        yield number, {"label": labels, "text": " ".join(word for word in words if not word.startswith(MARK))}


def trec(file: Path, encoding: str, bad: BadRows = STRICT) -> Iterator[Row]:
    """label, fine (label:fine), text."""
    for number, line in enumerate(lines(file, encoding, "\n", bad), start=1):
        if not line.strip():
            continue
        found = TREC.match(line.strip())
        if found is None:
            bad.met(
                "no_label", f"{file}: row {number}: {line.strip()[:60]!r} does not begin with LABEL:fine and a blank"
            )
            continue
        yield number, {"label": found[1], "fine": f"{found[1]}:{found[2]}", "text": found[3]}


def beside(file: Path) -> tuple[str, Path] | None:
    """(split, file of labels) of a file of texts, by its name: train_text.txt and train_labels.txt. None: it is called otherwise."""
    plain = packed.bare(file)
    found = TEXTS.fullmatch(plain.stem)
    if plain.suffix.lower() != ".txt" or found is None:
        return None
    start = plain.stem.removesuffix(found[2])
    return found[1] or "", plain.with_name(f"{start}labels{plain.suffix}")


def texts_of(files: list[Path]) -> list[Path]:
    """The files of texts among others. Raises DataError: one has no labels beside it, or is neither text, labels nor mapping."""
    pairs = {file: found[1] for file in files if (found := beside(file))}
    for file in files:
        plain = packed.bare(file)
        if file not in pairs and plain not in pairs.values() and plain.name != MAPPING:
            raise DataError(
                f"{file}: neither texts (train_text.txt), labels (train_labels.txt) nor {MAPPING}; name the files of texts "
                "alone in source.files"
            )
    return list(pairs)


def labelled_lines(file: Path, encoding: str, bad: BadRows = STRICT) -> Iterator[Row]:
    """label, text, split. Labels are numbers where a mapping lies beside the file."""
    found = beside(file)
    if found is None:
        raise DataError(
            f"{file}: its name does not end in text.txt, so that no file of labels can be told; rename the two"
        )
    split, expected = found
    labels, legend = packed.actual(expected), packed.actual(file.with_name(MAPPING))
    if labels is None:
        raise DataError(f"{file}: no {expected.name} beside it, with the label of each line; put it there")
    names = mapping(legend, encoding) if legend else None
    # only "\n" ends a line: a text may hold other line separators
    pairs = zip_longest(lines(file, encoding, "\n", bad), lines(labels, encoding, "\n", bad))
    for number, (text, label) in enumerate(pairs, start=1):
        if text is None or label is None:
            short, long = (file, labels) if text is None else (labels, file)
            raise DataError(
                f"{short}: ends with line {number - 1}, {long.name} goes on; they must have a line for each other's"
            )
        label = label.strip()
        if names is not None and label and label not in names:
            bad.met("no_label", f"{labels}: line {number}: {label!r} is not in {MAPPING}: {', '.join(names)}")
            continue
        yield number, {"label": names[label] if names and label else label, "text": text.rstrip("\r\n"), "split": split}


def mapping(file: Path, encoding: str) -> dict[str, str]:
    """What stands in the files of labels -> name. Raises DataError: a line without both, or one twice."""
    names: dict[str, str] = {}
    for number, line in enumerate(lines(file, encoding, "\n"), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        if len(cells) < 2 or not cells[0] or not cells[1]:
            raise DataError(f"{file}: line {number}: {line.strip()!r}, expected a number, a tab and a name")
        if cells[0] in names:
            raise DataError(f"{file}: line {number}: {cells[0]!r} again; it is {names[cells[0]]!r} already")
        if cells[1] in names.values():
            raise DataError(f"{file}: line {number}: {cells[1]!r} again; two numbers would be one label")
        names[cells[0]] = cells[1]
    return names
