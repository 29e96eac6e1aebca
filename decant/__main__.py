"""The command line: `python -m decant new`, `fetch`, `check`, `freeze`, `predict`, `verdict` and `promote`.

predict needs a bundle and the shipped part of decant only (numpy, onnxruntime, tokenizers, ftfy).
"""

import argparse
import json
import sys
from pathlib import Path

from decant import paths
from decant.errors import DecantError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="decant", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    predict = commands.add_parser("predict", help="classify texts with a bundle")
    _where(predict)
    predict.add_argument("texts", nargs="+", metavar="text", help="texts, or - to read one per line from stdin")
    predict.add_argument("--json", action="store_true", help="one JSON object per line instead of text")
    predict.set_defaults(run=_predict)
    promote = commands.add_parser("promote", help="release a bundle whose verdict is green")
    _where(promote)
    promote.add_argument("--to", type=Path, help="folder for the release (default: release/<task>)")
    promote.set_defaults(run=_promote)
    verdict = commands.add_parser("verdict", help="print the gates of the tasks in params.yaml; exit 1 if one is red")
    verdict.set_defaults(run=_verdict)
    check = commands.add_parser("check", help="check params.yaml and the raw folders before dvc repro reads them")
    check.set_defaults(run=_check)
    new = commands.add_parser("new", help="look at a table and propose a task block for it in params.yaml")
    new.add_argument("file", type=Path, metavar="FILE", help="CSV, TSV, JSONL, Parquet or XLSX, or a folder of them")
    new.add_argument("--task", required=True, help="name of the new block")
    new.add_argument("--text", action="append", default=[], metavar="COL", help="text column; again: they are joined")
    new.add_argument("--label", action="append", default=[], metavar="COL", help="label column, or several (col.*)")
    new.add_argument("--id", metavar="COL", help="column with a unique id")
    new.add_argument("--ignore", action="append", default=[], metavar="COL", help="column without a role, or several")
    new.add_argument("--split", action="append", default=[], metavar="VALUE=SPLIT", help="what a value or file means")
    new.add_argument("--encoding", help="of the file, where it is not UTF-8")
    new.add_argument("--build", action="store_true", help="add the block to tasks")
    new.add_argument("--dry-run", action="store_true", help="print the block and write nothing")
    new.set_defaults(run=_new)
    fetch = commands.add_parser("fetch", help="get a task's data sets of the Hugging Face hub (hf://)")
    fetch.add_argument("--task", required=True, help="task block of params.yaml, e.g. emotion")
    fetch.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="copy with train.csv, valid.csv, ...")
    fetch.set_defaults(run=_fetch)
    freeze = commands.add_parser("freeze", help="keep the present test rows out of train for good")
    freeze.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    freeze.set_defaults(run=_freeze)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")


def _predict(options: argparse.Namespace) -> None:
    from decant.runtime import Bundle

    bundle = Bundle(options.bundle or paths.bundle(options.task))
    texts = (line.rstrip("\n") for line in sys.stdin) if options.texts == ["-"] else options.texts
    for text in texts:  # one at a time: a pipe gets each answer as soon as its line is there
        prediction = bundle.predict([text])[0]
        print(
            json.dumps({"text": text} | prediction, ensure_ascii=False)
            if options.json
            else _shown(text, prediction, bundle),
            flush=True,
        )


def _shown(text: str, prediction: dict, bundle) -> str:
    answer = (
        prediction["answer"] if isinstance(prediction["answer"], str) else ", ".join(prediction["answer"]) or "none"
    )
    lines = [f"{answer}\t{text}"]
    for head, values in prediction["heads"].items():
        shown = (
            values
            if isinstance(values, float)
            else "  ".join(f"{label} {value:.4f}" for label, value in values.items())
        )
        lines.append(f"  {head}: {shown}")
    limits = "  ".join(f"{label} >= {value:g}" for label, value in bundle.thresholds.items())
    return "\n".join([*lines, f"  decision: {bundle.rule.name}{f' ({limits})' if limits else ''}"])


def _verdict(options: argparse.Namespace) -> None:
    from decant.errors import PromotionError
    from decant.files import read_json
    from decant.settings.params import tasks
    from decant.verdict.promotion import failures, other_bytes

    red = []
    for task in tasks():
        gate = read_json(paths.metrics(task, "gate"))
        red += failures(task, gate) + other_bytes(task, gate, paths.bundle(task))
        print(f"{task}: {gate['verdict']} (model {gate['model_md5']})")
        for name, entry in gate.items():
            if isinstance(entry, dict):
                print(f"  {'pass' if entry['pass'] else 'FAIL'}  {name}: {entry['value']} (bound {entry['bound']})")
    if red:
        raise PromotionError("; ".join(red))


def _check(options: argparse.Namespace) -> None:
    from decant.errors import DataError
    from decant.settings import check
    from decant.settings.params import read_all

    check.contents()  # what the check stage does first
    shared, blocks = read_all()
    for task in shared.tasks:
        folder = paths.raw(task)
        if not folder.exists() and blocks[task].generator is None:
            raise DataError(f"{folder}: missing. Fetch its raw files (dvc update {folder}-*.dvc) or put yours there")
        print(f"params.yaml: {task}: ok")


def _new(options: argparse.Namespace) -> None:
    from decant.new.propose import Choices, new

    choices = Choices(options.text, options.label, options.id, options.ignore, options.encoding, options.split)
    new(options.file, options.task, choices, options.dry_run, options.build)


def _fetch(options: argparse.Namespace) -> None:
    from decant.data.fetch import fetch

    fetch(options.task, options.folder)


def _freeze(options: argparse.Namespace) -> None:
    import pandas as pd

    from decant.data.frozen import freeze
    from decant.errors import DataError
    from decant.files import digest
    from decant.settings.params import read

    source, file = read(options.task).source, paths.split_file(options.task, "test")
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro split@{options.task}")
    rows = pd.read_parquet(file, columns=["id", "text", "raw"])  # only to be hashed
    texts = [*rows["text"], *rows["raw"]]  # raw too: a row is known again after other cleaning
    path = freeze(options.task, rows["id"].tolist(), texts, numbered=source.id is None)
    print(f"{path}: {len(rows):,} test rows, sha256 {digest(path)}. Commit it")


def _promote(options: argparse.Namespace) -> None:
    from decant.verdict.promotion import promote

    bundle = options.bundle or paths.bundle(options.task)
    target = options.to or paths.release(options.task)
    md5 = promote(options.task, bundle, target)
    print(f"released {options.task} ({md5}) to {target}")


if __name__ == "__main__":
    sys.exit(main())
