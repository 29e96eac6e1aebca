"""How the files of a table are read: format, encoding, mark between cells, quotes and header, found out or said."""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import get_args

from decant.data import lines, rawfiles
from decant.data.bad import BadRows
from decant.data.batch import Batch
from decant.data.cells import csv_rows, sheet_rows, unnamed
from decant.data.linebreaks import LineBreaks
from decant.data.shapes import recognise
from decant.errors import DataError, ParamsError
from decant.new import headers, intake, marks
from decant.new.blocks import Block
from decant.new.call import Call
from decant.new.columns import Column, look, names_for
from decant.new.unfit import nameless
from decant.progress import bar
from decant.settings.source import Source

CELLS = {"csv": ",", "tsv": "\t"}  # format -> its own mark between cells
LINES = 50  # that show how a file without a suffix is written


class Unread(BadRows):
    """Of a table whose columns have no roles yet: nothing is wrong with a cell that may never be used."""

    def sifted(self, batch: Batch, columns: set[str] | None) -> Batch:
        return super().sifted(batch, columns) if self.drop else batch


@dataclass
class Reading:
    """What `decant.data.rawfiles.batches` needs to know; what is null there is null here."""

    formats: dict[Path, str]  # path -> format
    named: str | None  # format, where the suffixes do not say it
    encoding: str | None
    delimiter: str | None
    quotes: bool
    header: list[str] | None
    drop: bool = False  # rows that cannot be read are left out and counted
    bad: BadRows = field(default_factory=BadRows)  # those of the last reading

    def batches(self) -> Iterator[Batch]:
        self.bad, named = Unread(self.drop, 1.0), self.encoding or "utf-8"
        for path, form in self.formats.items():
            yield from rawfiles.batches(path, form, named, self.delimiter, self.quotes, self.header, bad=self.bad)

    def rows(self, path: Path) -> Iterator[list]:
        """The cells of a file's rows, with the header, up to one that cannot be read; none of a format that names its fields."""
        form = self.formats[path]
        with suppress(DataError):  # of which the whole reading will tell
            if form == "xlsx":
                yield from sheet_rows(path)
            elif form in CELLS:
                yield from csv_rows(path, self.encoding or "utf-8", self.delimiter or CELLS[form], self.quotes)

    def pandas(self) -> str:
        """What pandas has to be told to read the same cells."""
        mark = self.delimiter or ("\t" if "tsv" in self.formats.values() else None)
        said = {"encoding": self.encoding, "sep": mark, "quoting": None if self.quotes else 3, "names": self.header}
        return "".join(f", {key}={json.dumps(value)}" for key, value in said.items() if value is not None)

    def put(self, block: Block) -> None:
        """What differs from the default, below source."""
        for key, value, note in (
            ("format", self.named, "of the files"),
            ("encoding", self.encoding, "of the file"),
            ("delimiter", self.delimiter, "between cells"),
            ("quotes", None if self.quotes else False, "a quote is a character like any other"),
            ("header", self.header, "names of the columns, for the first row is none"),
        ):
            if value is not None:
                block.put("source", key, value=value, note=note)


def read(folder: Path, names: list[str], call: Call, say: Callable[[str], None]) -> tuple[Reading, dict[str, Column]]:
    """How the files are read, and what their columns hold. Raises DataError: they cannot be read."""
    formats, named = form(folder, names, call)
    coding = intake.encoding(formats, call, say)
    headless = call.choices.header is False or call.choices.columns is not None
    if not headless and call.choices.header is None:
        headers.title(formats, coding or "utf-8")
    mark, quotes = marks.delimiter(formats, coding or "utf-8", call, say)
    reading = Reading(formats, named, coding, mark, quotes, None, call.choices.bad_rows is not None)
    if call.choices.header is None and not headless:
        headless = without_header(reading, call)
    if headless:
        reading.header = invented(reading, call, say)
    call.pandas = reading.pandas()
    for path in reading.formats if reading.header is None else ():
        if places := unnamed(next(reading.rows(path), [])):
            shown = ", ".join(str(place + 1) for place in places)
            say(f"none: columns {shown} of {path.name} (no name, and nothing in them)")
    breaks = LineBreaks()
    table = looked(reading, call, breaks)
    for warning in breaks.warnings(f"run: {call.again('--no-quotes')}"):
        say(f"warning: {warning}")
    return reading, table


def form(folder: Path, names: list[str], call: Call) -> tuple[dict[Path, str], str | None]:
    """(path -> format, the format if it has to be named). Asks, where the suffix does not say it and the lines do."""
    known = [name for part in get_args(Source.model_fields["format"].annotation) for name in get_args(part)]
    chosen = call.choices.format
    if chosen is not None and chosen not in known:
        others = call.instead(format=None)
        raise ParamsError(f"--format {chosen}: no such format, they are {', '.join(known)}. Without it: {others}")
    if chosen is not None:
        return rawfiles.files(folder, names, chosen), chosen
    if len(names) == 1 and (seen := recognise(folder / names[0])) not in (None, *rawfiles.FORMATS.values()):
        return rawfiles.files(folder, names, seen), seen
    files = [file for name in names for file in intake.visible(folder / name)]
    odd = [file for file in files if file.suffix.lower() not in rawfiles.FORMATS]
    try:
        return rawfiles.files(folder, names, None), None
    except DataError as error:
        if not odd:
            raise
        seems = {sniffed(file) for file in odd}
        if len(odd) == len(files) and len(seems) == 1 and None not in seems:
            (guess,) = seems
            call.ask(
                f"{odd[0]}: its suffix does not say how it is written, and its lines look like {guess.upper()}; name it with --format",
                "--format", guess,
            )  # fmt: skip
            return rawfiles.files(folder, names, guess), guess
        if len(odd) < len(files):
            raise DataError(
                f"{odd[0]}: its suffix does not say how it is written; take it out of {call.file}, or rename it to one of "
                f"{', '.join(rawfiles.FORMATS)}"
            ) from error
        raise DataError(
            f"{odd[0]}: its suffix does not say how it is written. Rename it to one of {', '.join(rawfiles.FORMATS)}, or name "
            f"its format with --format ({', '.join(known)})"
        ) from error


def sniffed(file: Path) -> str | None:
    """The format that the first lines look like; null: none of those of lines."""
    with file.open("rb") as stream:
        lines = [line for line in islice(stream, LINES) if line.strip()]
    if not lines or any(b"\0" in line for line in lines):
        return None
    if all(line.lstrip().startswith(b"{") for line in lines):
        return "jsonl"
    for mark, guess in ((b"\t", "tsv"), (b",", "csv"), (b";", "csv"), (b"|", "csv")):
        if marks.even([line.count(mark) + 1 for line in lines]):
            return guess
    return None


def without_header(reading: Reading, call: Call) -> bool:
    """Whether the first row of the first table is no header. Asks, if it seems so."""
    for path in reading.formats:
        if why := headers.headless(reading.rows(path)):
            call.ask(
                f"{path}: seems to have no header, for {why}. Its columns get names with --columns then (with --header, the first "
                f"row has them: {call.again('--header')})",
                "--no-header",
            )
            return True
    return False


def invented(reading: Reading, call: Call, say: Callable[[str], None]) -> list[str]:
    """Names for the columns of a table without a header: those that the user gives, or by what they hold."""
    path, kind = next(iter(reading.formats.items()))
    if kind == "json" and call.choices.columns is not None:  # of rows that are lists
        return [name.strip() for name in call.choices.columns.split(",")]
    if kind not in (*CELLS, "xlsx"):
        raise ParamsError(f"{path}: {kind} names its columns itself. Run: {call.instead(columns=None, header=None)}")
    first = next(reading.rows(path), [])
    width = [f"column_{number}" for number in range(1, len(first) + 1)]
    if call.choices.columns is not None:
        names = [name.strip() for name in call.choices.columns.split(",")]
        if len(names) != len(width) or len(set(names)) < len(names) or not all(names):
            raise ParamsError(
                f"--columns {call.choices.columns}: {path} has {len(width)} columns, and each needs a name of its own. Run: "
                f"{call.instead(columns=','.join(width), header=None)}"
            )
        return names
    reading.header = width
    names = names_for(list(looked(reading, call, LineBreaks(), nulls=False).values()))
    call.answers += ["--columns", ",".join(names)] if call.questions else []
    say(
        f"header: none; the columns are called {', '.join(names)} (other names: --columns {shlex.quote(','.join(names))})"
    )
    return names


def counted(batches: Iterator[Batch], formats: dict[Path, str]) -> Iterator[Batch]:
    """The batches, with a bar of their rows."""
    with bar(what="look", unit="row", total=lines.about(formats)) as shown:
        for batch in batches:
            yield batch
            shown.update(len(batch))


def looked(reading: Reading, call: Call, breaks: LineBreaks, nulls: bool = True) -> dict[str, Column]:
    """What the columns hold. Asks: cells cannot be read unless quotes are plain characters."""
    words = call.nulls if nulls else frozenset()
    try:
        return look(counted(breaks.counted(reading.batches()), reading.formats), words)
    except DataError as error:
        for path in reading.formats if reading.header is None else ():
            if numbers := headers.nameless(reading.rows(path)):
                raise nameless(numbers, call) from None
        if call.choices.quotes is not None or not reading.quotes or not set(reading.formats.values()) <= {*CELLS}:
            raise
        before, reading.quotes = str(error), False
        try:
            table = look(reading.batches(), words)
        except DataError:  # no matter of quotes
            reading.quotes = True
            raise error from None
        said = before.split(". Double a quote")[0].split(". Close it;")[0]
        call.ask(
            f"{said}. If quotes are plain characters there, and it can be read so, --no-quotes says it; else mend the table",
            "--no-quotes",
        )
        return table
