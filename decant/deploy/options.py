"""The arguments of the commands that run a bundle. Light on purpose: `decant --help` needs no package."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from decant import paths
from decant.errors import InputError


def arguments(parser: ArgumentParser) -> None:
    """Add those of predict to its parser."""
    which(parser)
    parser.add_argument(
        "texts", nargs="+", metavar="TEXT", help="texts; - for one per line from stdin; with --text a table"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    table = parser.add_argument_group("a table", "CSV, TSV, JSON Lines, Parquet or XLSX")
    table.add_argument("--text", metavar="COL", help="column with the texts; makes the argument a table")
    table.add_argument(
        "--out", type=Path, metavar="FILE", help=".parquet, .csv, .tsv or .jsonl (default: CSV to stdout)"
    )
    table.add_argument("--format", choices=("csv", "tsv", "jsonl", "parquet", "xlsx"), help="where no suffix says it")
    table.add_argument("--encoding", metavar="NAME", help="of CSV, TSV and JSON Lines (default: utf-8)")
    table.add_argument("--delimiter", metavar="CHAR", help="between the cells of CSV")
    table.add_argument("--no-quotes", action="store_true", default=None, help="quotes are characters like any other")
    table.add_argument("--workers", type=int, metavar="N", help="processes (default: one per free core)")
    table.add_argument(
        "--bad-rows", choices=("stop", "keep"), help="keep: no text, or too long, gets an empty answer; lines too"
    )
    table.add_argument(
        "--formulas",
        choices=("mark", "keep"),
        help="keep: in CSV and TSV no apostrophe before a text that a spreadsheet would run",
    )
    table.add_argument("--prefix", metavar="TEXT", help="of the new columns, answer and score_<class>")


def which(parser: ArgumentParser) -> None:
    """Add --task and --bundle, of which one is needed: see `bundle_of`."""
    parser.add_argument("--task", help="task block of params.yaml, e.g. demo")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")


def bundle_of(options: Namespace) -> Path:
    """The bundle's folder. Raises InputError: neither --task nor --bundle says which."""
    if options.bundle is None and options.task is None:
        raise InputError("which classifier? Say --bundle FOLDER, or --task NAME for models/NAME/bundle")
    return options.bundle or paths.bundle(options.task)
