"""Line breaks inside the cells of CSV and TSV, counted: a stray pair of quotes makes one cell of all rows between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from decant.data.rawfiles import Batch, Cells

MANY = 50  # line breaks in one cell; no cell of the data that params.yaml names has more than 5
SHARE = 0.2  # of the rows; 12 % of demo, none of the others


@dataclass
class LineBreaks:
    """What the batches that passed by hold."""

    rows: int = 0
    rows_with_breaks: int = 0
    cells: int = 0  # with line breaks
    most: int = 0  # line breaks in one cell
    place: str = ""  # of that cell

    def counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            if isinstance(batch, Cells):
                self.count(batch)
            yield batch

    def count(self, batch: Cells) -> None:
        cells = batch.breaks()
        self.rows += len(batch)
        self.rows_with_breaks += len({row for row, _ in cells})
        self.cells += len(cells)
        for row, breaks in cells:
            if breaks > self.most:
                self.most, self.place = breaks, batch.place(row)

    def metrics(self) -> dict[str, int]:
        """Nothing, where no CSV or TSV was read."""
        return {"cells_with_line_breaks": self.cells, "longest_cell_lines": self.most + 1} if self.rows else {}

    def warning(self, task: str) -> str | None:
        """What to look at, if it looks like quotes that belong to no cell."""
        if self.most <= MANY and self.rows_with_breaks <= SHARE * self.rows:
            return None
        return (
            f"{self.place}: a cell of {self.most + 1:,} lines; {self.rows_with_breaks:,} of {self.rows:,} rows have cells with "
            f"line breaks. If quotes that enclose no cell have swallowed rows, double them, or set {task}.source.quotes: false"
        )
