"""`decant try`: its arguments, which say of the table what those of `new` say, and what it does."""

import argparse
from pathlib import Path

from decant.deploy.commands import positive
from decant.new.options import choices, place, table


def add_try(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("try", help="a first answer about a table in minutes, before it is a task")
    parser.add_argument("file", type=place, metavar="FILE", help="as of new")
    table(parser)
    parser.add_argument("--rows", type=positive, default=5000, metavar="N", help="rows to fit at most (default: 5,000)")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="write the answer, without texts, to a page there")
    parser.set_defaults(run=_try)


def _try(options: argparse.Namespace) -> None:
    from decant.trying.answer import answer

    answer(options.file, choices(options), options.rows, options.to)
