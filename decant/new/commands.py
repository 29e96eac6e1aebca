"""`decant new`: its arguments, and what it does."""

import argparse

from decant.new.options import choices, place, table


def add_new(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("new", help="look at a table and propose a task block for it in params.yaml")
    kinds = "CSV, TSV, JSONL, Parquet or XLSX, a folder of them, or the URL of a database; left out with --build, for a block that is there"
    parser.add_argument("file", type=place, nargs="?", metavar="FILE", help=kinds)
    parser.add_argument("--task", required=True, help="name of the new block")
    table(parser)
    parser.add_argument("--build", action="store_true", help="add the block to tasks")
    parser.add_argument("--dry-run", action="store_true", help="print the block and write nothing")
    parser.set_defaults(run=_new)


def _new(options: argparse.Namespace) -> None:
    from decant.new.propose import new

    new(options.file, options.task, choices(options), options.dry_run, options.build)
