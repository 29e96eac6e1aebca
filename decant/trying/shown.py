"""The parts of a first answer as lines for a terminal, and as a page."""

import shutil
from pathlib import Path

from decant.files import writing
from decant.report import shell
from decant.report.markup import note, section, table, tag
from decant.trying.findings import Part

WIDTH = 120  # where nothing says how wide the terminal is
LEAST = 20  # characters of a text that are shown in any case
PAGE = "first-answer.html"


def lines(part: Part) -> list[str]:
    """Title, table in columns, and sentences. The last column is cut to the width of the terminal."""
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    found = ["", part.title]
    if part.table:
        columns = list(part.table[0])
        widths = {key: max(len(key), *(len(line[key]) for line in part.table)) for key in columns}
        before = sum(widths[key] + 2 for key in columns[:-1]) + 2
        for line in [{key: key for key in columns}, *part.table]:
            cells = [line[key].ljust(widths[key]) for key in columns[:-1]]
            last = cut(line[columns[-1]], max(width - before, LEAST))
            found.append(f"  {'  '.join([*cells, last])}".rstrip())
    return found + [f"  {sentence}" for sentence in part.said]


def cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def page(parts: list[Part], title: str, command: str, folder: Path) -> Path:
    """Write the page; returns its place. Without raw texts, which stay in the terminal."""
    blocks = []
    for number, part in enumerate(parts):
        shown = [{key: cell for key, cell in line.items() if key not in part.private} for line in part.table]
        body = [table(shown, part.title, tuple(shown[0]))] if shown else []
        blocks.append(section(f"part-{number}", part.title, *body, *(tag("p", sentence) for sentence in part.said)))
    head = tag("section", tag("h1", title), note("A first answer: nothing is tuned, and no release follows from it."))
    last = section("task", "Make it a task", tag("p", tag("code", command)))
    target = folder / PAGE
    with writing(target) as partial:
        partial.write_text(shell.whole(title, [tag("main", head, *blocks, last)]), encoding="utf-8")
    return target
