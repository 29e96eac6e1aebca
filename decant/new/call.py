"""What a user says about a table, and the questions that `new` has: each ends with the command that answers it."""

import shlex
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from decant.errors import DataError
from decant.settings.database import shown

# What databases and tables write where nothing is. None and none are not among them: "favour, against, none".
NULLS = frozenset(
    {"NULL", "Null", "null", "NaN", "nan", "NAN", "N/A", "n/a", "#N/A", "NA", "<NA>", "NaT", r"\N", "(null)"}
)


@dataclass
class Choices:
    """What the user says himself about a table; everything else is inferred."""

    text: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    id: str | None = None
    ignore: list[str] = field(default_factory=list)
    encoding: str | None = None
    split: list[str] = field(default_factory=list)  # value=split
    format: str | None = None
    delimiter: str | None = None  # between cells
    quotes: bool | None = None  # whether they enclose cells; null: found out
    header: bool | None = None  # whether the first row is one; null: found out
    columns: str | None = None  # names for a table without a header, with commas between them
    separator: str | None = None  # between the labels of a cell; "" where there is none
    classes: list[str] = field(default_factory=list)  # label columns whose numbers are classes
    number: list[str] = field(default_factory=list)  # label columns whose numbers are learnt as numbers
    null: list[str] = field(default_factory=list)  # values that stand for no label
    nulls: bool = True  # NULL, NaN and the like stand for no label
    splits: bool = True  # the splits that the table brings are taken
    bad_rows: str | None = None  # drop: rows that cannot be read are left out and counted
    ties: str | None = None  # first: what becomes of rows whose annotators are tied; null: they are left out
    ship: str | None = None  # linear: what the bundle is to hold

    def options(self) -> list[str]:
        """As they are typed."""
        several = {"text": self.text, "label": self.label, "classes": self.classes, "number": self.number}
        several |= {"ignore": self.ignore, "split": self.split, "null": self.null}
        single = {"id": self.id, "encoding": self.encoding, "format": self.format, "delimiter": self.delimiter}
        single |= {
            "columns": self.columns,
            "separator": self.separator or None,
            "bad-rows": self.bad_rows,
            "ties": self.ties,
            "ship": self.ship,
        }
        flags = {"quotes": self.quotes, "header": self.header, "separator": None if self.separator != "" else False}
        flags |= {"nulls": None if self.nulls else False, "splits": None if self.splits else False}
        typed = [part for name, values in several.items() for value in values for part in (f"--{name}", value)]
        typed += [part for name, value in single.items() if value is not None for part in (f"--{name}", value)]
        return typed + [f"--{'' if on else 'no-'}{name}" for name, on in flags.items() if on is not None]


@dataclass
class Call:
    """A call of `new`, as it was typed, and what it has to ask."""

    file: Path
    task: str
    choices: Choices
    rest: list[str] = field(default_factory=list)  # --build and --dry-run
    command: str = "new"  # or try, which makes no task
    url: str = ""  # of the database whose rows `file` holds
    pandas: str = ""  # what pandas has to be told to read the file's cells
    questions: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # options for the likeliest answer to each

    def again(self, *options: str, file: Path | None = None, task: str | None = None) -> str:
        """The same command with more options, and with the likeliest answers to what was asked before."""
        typed = ["python", "-m", "decant", self.command, str(file or self.url or self.file)]
        typed += ["--task", task or self.task] if self.command == "new" else []
        said = [*pairs(self.choices.options()), *pairs([*self.answers, *options])]
        return shlex.join([*typed, *(part for pair in dict.fromkeys(said) for part in pair), *self.rest])

    @property
    def shown(self) -> str:
        """The table in messages: its file, or the database without user and password."""
        return shown(self.url.partition("?")[0]) if self.url else str(self.file)

    @property
    def nulls(self) -> frozenset[str]:
        """Words for nothing."""
        return frozenset(self.choices.null) | (NULLS if self.choices.nulls else frozenset())

    def instead(self, **choices: object) -> str:
        """The same command with other choices in place of some."""
        return replace(self, choices=replace(self.choices, **choices)).again()

    def ask(self, question: str, *answer: str) -> None:
        """Go on with the likeliest answer, given as options, and stop with all questions at once when the rest is known."""
        self.questions.append(question)
        self.answers += answer

    def settle(self) -> None:
        """Raises DataError: there are questions. The command has an answer to each."""
        if self.questions:
            raise DataError(f"The likeliest: {self.again()}")


def pairs(options: list[str]) -> list[tuple[str, ...]]:
    """Each option with its value, if it has one."""
    starts = [place for place, part in enumerate(options) if part.startswith("--")] + [len(options)]
    return [tuple(options[first:last]) for first, last in pairwise(starts)]
