"""Some rows of a raw file, column by column, that know their places in it: what every reader gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from decant.errors import DataError


@dataclass
class Batch:
    """Some rows of one file, column by column; a field that a row lacks is None."""

    file: Path
    first: int  # number of the first row; rows count from 1, without the header
    columns: dict[str, list]
    numbers: Sequence[int] | None = None
    """Number of every row, where they do not follow one another."""
    names: list[str] = field(default_factory=list, kw_only=True)
    """All columns of the file, also those that were not read."""

    def __post_init__(self):
        self.names = self.names or list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def number(self, row: int) -> int:
        """A row's number in its file."""
        return self.first + row if self.numbers is None else self.numbers[row]

    def place(self, row: int) -> str:
        """Where a row is, for error messages."""
        return f"{self.file}: row {self.number(row)}"

    def only(self, names: set[str]) -> "Batch":
        """The same rows with some of the columns; the first stays, so that the rows can be counted."""
        kept = [name for index, name in enumerate(self.columns) if name in names or index == 0]
        return replace(self, columns={name: self.columns[name] for name in kept})

    def rows(self, kept: list[int]) -> "Batch":
        """Some of the rows, each with its place."""
        columns = {name: [cells[row] for row in kept] for name, cells in self.columns.items()}
        return replace(self, columns=columns, numbers=[self.number(row) for row in kept])

    def column(self, name: str) -> list:
        """Raises DataError if the file has no such column."""
        if name in self.columns:
            return self.columns[name]
        hint = "Mend source in params.yaml or the file"
        for mark in (";", "\t", "|", ","):
            if len(self.names) == 1 and mark in self.names[0]:
                hint = f"The cells look separated by {mark!r}: set source.delimiter or source.format in params.yaml"
        raise DataError(f"{self.place(0)}: no column {name!r}; columns are {', '.join(self.names)}. {hint}")


@dataclass
class Cells(Batch):
    """A batch of CSV or TSV, where a row may begin on any line of the file."""

    lines: Sequence[int] = field(kw_only=True)
    """The line on which each row begins, as an editor counts them."""

    def place(self, row: int) -> str:
        return f"{super().place(row)} (line {self.lines[row]})"

    def rows(self, kept: list[int]) -> Batch:
        return replace(super().rows(kept), lines=[self.lines[row] for row in kept])

    def breaks(self) -> list[tuple[int, int]]:
        """(row, line breaks) of every cell that holds some."""
        last = len(self) - 1  # of which nobody knows here where it ends
        longer = [row for row in range(last) if self.lines[row + 1] > self.lines[row] + 1]
        counts = [(row, line_breaks(cells[row])) for row in [*longer, last] for cells in self.columns.values()]
        return [(row, breaks) for row, breaks in counts if breaks]


@dataclass
class Lines(Batch):
    """A batch of objects, as JSON Lines has them: none need have all fields, and empty lines count as rows of the file."""


@dataclass
class Documents(Batch):
    """A batch of which every row is a file of its own."""

    paths: Sequence[Path] = field(kw_only=True)

    def place(self, row: int) -> str:
        return str(self.paths[row])

    def rows(self, kept: list[int]) -> Batch:
        return replace(super().rows(kept), paths=[self.paths[row] for row in kept])


def line_breaks(cell: str) -> int:
    """As the csv module counts lines: those of Windows, old Mac and everything else."""
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")
