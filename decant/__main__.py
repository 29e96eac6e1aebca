"""The command line: `python -m decant predict`, `check`, `verdict` and `promote`.

predict needs a bundle and the shipped part of decant only (numpy, onnxruntime, tokenizers).
"""

import argparse
import json
import sys
from pathlib import Path

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

    bundle = Bundle(options.bundle or Path("models") / options.task / "bundle")
    texts = (line.rstrip("\n") for line in sys.stdin) if options.texts == ["-"] else options.texts
    for text in texts:  # one at a time: a pipe gets each answer as soon as its line is there
        found = bundle.predict([text])[0]
        print(
            json.dumps({"text": text} | found, ensure_ascii=False) if options.json else _shown(text, found, bundle),
            flush=True,
        )


def _shown(text: str, found: dict, bundle) -> str:
    answer = found["answer"] if isinstance(found["answer"], str) else ", ".join(found["answer"]) or "none"
    lines = [f"{answer}\t{text}"]
    for head, values in found["heads"].items():
        shown = (
            values
            if isinstance(values, float)
            else "  ".join(f"{label} {value:.4f}" for label, value in values.items())
        )
        lines.append(f"  {head}: {shown}")
    limits = "  ".join(f"{label} >= {value:g}" for label, value in bundle.thresholds.items())
    return "\n".join([*lines, f"  decision: {bundle.rule['rule']}{f' ({limits})' if limits else ''}"])


def _verdict(options: argparse.Namespace) -> None:
    from decant.errors import PromotionError
    from decant.files import read_json
    from decant.params import tasks
    from decant.promotion import failures, gate_file, other_bytes

    red = []
    for task in tasks():
        gate = read_json(gate_file(task))
        red += failures(task, gate) + other_bytes(task, gate, Path("models") / task / "bundle")
        print(f"{task}: {gate['verdict']} (model {gate['model_md5']})")
        for name, entry in gate.items():
            if isinstance(entry, dict):
                print(f"  {'pass' if entry['pass'] else 'FAIL'}  {name}: {entry['value']} (bound {entry['bound']})")
    if red:
        raise PromotionError("; ".join(red))


def _check(options: argparse.Namespace) -> None:
    from decant.errors import DataError
    from decant.params import read, tasks

    for task in tasks():
        folder = Path("data/raw") / task
        if not folder.exists() and read(task).generator is None:
            raise DataError(
                f"{folder}: missing. Fetch its raw files (dvc update data/raw/{task}-*.dvc) or put yours there"
            )
        print(f"params.yaml: {task}: ok")


def _promote(options: argparse.Namespace) -> None:
    from decant.promotion import promote

    bundle = options.bundle or Path("models") / options.task / "bundle"
    target = options.to or Path("release") / options.task
    md5 = promote(options.task, bundle, target)
    print(f"released {options.task} ({md5}) to {target}")


if __name__ == "__main__":
    sys.exit(main())
