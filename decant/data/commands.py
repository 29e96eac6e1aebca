"""`decant fetch` and `decant freeze`: their arguments, and what they do."""

import argparse
from pathlib import Path

from decant import paths
from decant.errors import DataError


def add_fetch(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "fetch", help="get a task's data sets of the Hugging Face hub (hf://) and of databases"
    )
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. emotion")
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="FOLDER", help="copy of a hub data set: train.csv, ..."
    )
    parser.set_defaults(run=_fetch)


def _fetch(options: argparse.Namespace) -> None:
    from decant.data.fetch import fetch

    fetch(options.task, options.folder)


def add_freeze(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("freeze", help="keep the present test rows out of train for good")
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.set_defaults(run=_freeze)


def _freeze(options: argparse.Namespace) -> None:
    import pandas as pd

    from decant.data.frozen import freeze
    from decant.files import digest
    from decant.settings.params import read

    source, file = read(options.task).source, paths.split_file(options.task, "test")
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro split@{options.task}")
    rows = pd.read_parquet(file, columns=["id", "text", "raw"])  # only to be hashed
    texts = [*rows["text"], *rows["raw"]]  # raw too: a row is known again after other cleaning
    path = freeze(options.task, rows["id"].tolist(), texts, numbered=source.id is None)
    print(f"{path}: {len(rows):,} test rows, sha256 {digest(path)}. Commit it")
