"""What can be said of a table: options that `new` and `try` have."""

import argparse
from pathlib import Path

from decant.new.call import Choices


def place(text: str) -> Path | str:
    """What stands for FILE: a path, or a URL, in which two slashes are not one."""
    return text if "://" in text else Path(text)


NAMES = {
    "text": ("COL", "text column; again: they are joined"),
    "label": ("COL", "label column, or several (col.*)"),
    "classes": ("COL", "label column whose numbers are ids of classes"),
    "number": ("COL", "label column whose numbers are learnt as numbers"),
    "ignore": ("COL", "column without a role, or several"),
    "split": ("VALUE=SPLIT", "what a value or file means"),
    "null": ("VALUE", "value that stands for no label"),
}
WORDS = {
    "id": ("COL", "column with a unique id"),
    "encoding": ("NAME", "of the file, where it is not UTF-8"),
    "format": ("NAME", "of the file, where its suffix does not say it: csv, tsv, jsonl, ..."),
    "delimiter": ("MARK", "between cells"),
    "columns": ("NAMES", "names for the columns of a table without a header: text,label"),
}
FLAGS = {
    "quotes": "quotes enclose cells, or are characters like any other",
    "header": "the first row has the names of the columns, or not",
}


def table(parser: argparse.ArgumentParser) -> None:
    """Add what `choices` reads."""
    for name, (shown, what) in NAMES.items():
        parser.add_argument(f"--{name}", action="append", default=[], metavar=shown, help=what)
    for name, (shown, what) in WORDS.items():
        parser.add_argument(f"--{name}", metavar=shown, help=what)
    for name, what in FLAGS.items():
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, help=what)
    parser.add_argument("--bad-rows", choices=["drop"], help="leave rows out that cannot be read, and count them")
    parser.add_argument(
        "--ship", choices=["linear"], help="let the linear model ship, as where no encoder knows the language"
    )
    parser.add_argument(
        "--ties",
        choices=["drop", "first"],
        help="rows whose annotators are tied: left out, or the class that stands first",
    )
    joined = parser.add_mutually_exclusive_group()
    joined.add_argument("--separator", metavar="MARK", help="between several labels in a cell")
    joined.add_argument(
        "--no-separator", dest="separator", action="store_const", const="", help="each cell holds one label"
    )
    parser.add_argument(
        "--no-nulls", dest="nulls", action="store_false", help="NULL, NaN and the like are labels like any other"
    )
    parser.add_argument(
        "--no-splits", dest="splits", action="store_false", help="make new splits, whatever names and columns say"
    )


def choices(options: argparse.Namespace) -> Choices:
    """What was said of the table."""
    return Choices(**{name: getattr(options, name) for name in Choices.__dataclass_fields__})
