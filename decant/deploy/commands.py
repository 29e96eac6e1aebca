"""`decant predict`, `serve` and `page`, which run a bundle: their arguments, and what they do."""

import argparse
from pathlib import Path

from decant import paths


def add_predict(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("predict", help="classify texts, lines or the rows of a table")
    parser.add_argument("--task", help="task block of params.yaml, e.g. demo")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")
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
    parser.set_defaults(run=_predict, extra="tables")


def _predict(options: argparse.Namespace) -> None:
    from decant.deploy.predict import predict

    predict(options)


def add_serve(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("serve", help="answer over HTTP, with a bundle (pip install '.[serve]')")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", help="task block of params.yaml, e.g. demo: serves models/<task>/bundle")
    which.add_argument("--bundle", type=Path, metavar="FOLDER", help="bundle folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one, which is printed (default: 8000)")
    parser.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="processes, one core each (default: 1)"
    )
    parser.add_argument("--max-batch", type=positive, default=128, help="texts a request (default: 128)")
    parser.add_argument("--max-body", type=positive, default=1 << 20, help="bytes a request (default: 1,048,576)")
    parser.add_argument("--max-queue", type=positive, default=64, help="requests that wait a process (default: 64)")
    parser.add_argument("--timeout", type=positive, default=10, help="seconds for a request (default: 10)")
    parser.set_defaults(run=_serve, extra="serve")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _serve(options: argparse.Namespace) -> None:
    from decant.deploy.service import Limits
    from decant.deploy.serving import serve

    limits = Limits(options.max_batch, options.max_body, options.max_queue, options.timeout)
    serve(options.bundle or paths.bundle(options.task), options.host, options.port, options.workers, limits)


def add_page(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("page", help="write a static folder that classifies in the browser")
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="folder of the page; an older page is replaced"
    )
    parser.set_defaults(run=_page)


def _page(options: argparse.Namespace) -> None:
    from decant.deploy import browser

    size = browser.build(options.bundle or paths.bundle(options.task), options.to)
    print(
        f"{options.to}: {size / 1e6:.1f} MB. Look at it: python -m http.server --bind localhost --directory {options.to}"
    )
