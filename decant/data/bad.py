"""Rows that cannot be read: each stops the stage, or is left out and counted where source.bad_rows says so."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from decant.data.batch import Batch
from decant.errors import DataError

DROP = "source.bad_rows: drop"
SHOWN = 3  # places that the error names
# an undecodable byte, kept in the text as half a surrogate pair until its row is known
ESCAPED = range(0xDC80, 0xDD00)


@dataclass
class BadRows:
    """What becomes of bad rows, and how many there were."""

    drop: bool = False
    most: float = 0.0
    """Largest share of the rows that may be left out."""
    id: str | None = None
    """The column of ids: a row without one is a bad row."""
    kinds: Counter = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    def met(self, kind: str, message: str) -> None:
        """Raises DataError with the message, unless bad rows are left out. kind: a key of prepare.json."""
        if not self.drop:
            raise DataError(f"{message}. To leave such rows out and count them, set {DROP} in params.yaml")
        self.kinds[kind] += 1
        if len(self.first) < SHOWN:
            self.first.append(message)

    def sifted(self, batch: Batch, columns: set[str] | None) -> Batch:
        """The batch without the rows that hold a zero byte or an undecodable one, or no id. columns: those that are used."""
        bad: dict[int, tuple[str, str]] = {}
        for name, cells in batch.columns.items():
            if columns is not None and name not in columns:
                continue
            if name == self.id:
                for row, cell in enumerate(cells):
                    if cell is None or (isinstance(cell, str) and not cell.strip()):
                        bad.setdefault(row, ("no_id", f"empty id in column {name!r}"))
            for row, cell in enumerate(cells):
                if isinstance(cell, str) and "\0" in cell:
                    bad.setdefault(
                        row, ("zero_byte", f"a zero byte in column {name!r}: {around(cell, cell.index(chr(0)))}")
                    )
            if self.drop:
                for row, cell in enumerate(cells):
                    if isinstance(cell, str) and not cell.isascii() and any(ord(char) in ESCAPED for char in cell):
                        bad.setdefault(row, ("undecodable", f"undecodable bytes in column {name!r}"))
        for row in sorted(bad):
            kind, what = bad[row]
            self.met(kind, f"{batch.place(row)}: {what}")
        return batch.rows([row for row in range(len(batch)) if row not in bad]) if bad else batch

    def check(self, rows: int, folder: Path) -> None:
        """Raises DataError if more rows were left out than params allow. rows: that were read."""
        count = self.kinds.total()
        if count > self.most * (count + rows):
            kinds = ", ".join(f"{times:,} {kind}" for kind, times in self.kinds.items()).replace("_", " ")
            raise DataError(
                f"{folder}: {count:,} of {count + rows:,} rows are bad ({kinds}), source.max_bad_rows allows {self.most:.2%}. "
                f"The first: {'; '.join(self.first)}. Mend them, or allow more"
            )

    def metrics(self) -> dict:
        """Nothing, where bad rows stop the stage."""
        return {"rows_bad": self.kinds.total(), "bad_rows": dict(sorted(self.kinds.items()))} if self.drop else {}


class Strict(BadRows):
    """For tables that no params describe: a row that cannot be read is an error, any other is the caller's."""

    def met(self, kind: str, message: str) -> None:
        raise DataError(message)

    def sifted(self, batch: Batch, columns: set[str] | None) -> Batch:
        return batch


STRICT = Strict()


def around(cell: str, place: int) -> str:
    """The part of a cell around a character, as Python writes it."""
    return repr(cell[max(0, place - 20) : place + 20])
