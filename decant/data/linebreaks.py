"""Line breaks inside the cells of CSV and TSV, counted: a stray pair of quotes makes one cell of all rows between them."""

from collections.abc import Iterator
from dataclasses import dataclass

from decant.data.batch import Batch, Cells

MANY = 50  # line breaks in one cell; no cell of the data that params.yaml names has more than 5
SHARE = 0.2  # of the rows; 12 % of demo, none of the others
# mark between cells -> lines inside one cell that look like rows by it: prose has commas too, but no tabs and no pipes
ROWS_INSIDE = {"\t": 1, "|": 1, ";": 2, ",": 3}


@dataclass
class LineBreaks:
    """What the batches that passed by hold."""

    rows: int = 0
    rows_with_breaks: int = 0
    cells: int = 0  # with line breaks
    most: int = 0  # line breaks in one cell
    place: str = ""  # of that cell
    swallowed: int = 0  # lines inside cells that are cut into as many cells as a row
    swallower: str = ""  # place of the first such cell

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
        for row in dict.fromkeys(row for row, _ in cells):
            inside = max(rows_inside(column[row], len(batch.names)) for column in batch.columns.values())
            self.swallowed += inside
            self.swallower = self.swallower or (batch.place(row) if inside else "")

    def metrics(self) -> dict[str, int]:
        """Nothing, where no CSV or TSV was read."""
        return {"cells_with_line_breaks": self.cells, "longest_cell_lines": self.most + 1} if self.rows else {}

    def warnings(self, remedy: str) -> list[str]:
        """What to look at, if it looks like quotes that belong to no cell. remedy: how such quotes are read as characters."""
        if self.swallowed:
            return [
                f"{self.swallower}: a cell of several lines, of which some look like rows of the table ({self.swallowed:,} such lines "
                f"in all): a quote that encloses no cell has swallowed them. Double it, or {remedy}"
            ]
        if self.most <= MANY and self.rows_with_breaks <= SHARE * self.rows:
            return []
        return [
            f"{self.place}: a cell of {self.most + 1:,} lines; {self.rows_with_breaks:,} of {self.rows:,} rows have cells with "
            f"line breaks. If quotes that enclose no cell have swallowed rows, double them, or {remedy}"
        ]


def rows_inside(cell: str, width: int) -> int:
    """Lines of a cell, but for the first and the last, if all are cut by one mark into `width` cells; else 0."""
    inner = cell.splitlines()[1:-1]
    for mark, least in ROWS_INSIDE.items():
        if width > 1 and len(inner) >= least and all(line.count(mark) == width - 1 for line in inner):
            return len(inner)
    return 0
