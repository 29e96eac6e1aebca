"""`decant promote`, `verdict`, `ledger` and `index`: their arguments, and what they do."""

import argparse
from pathlib import Path

from decant import paths
from decant.errors import PromotionError


def add_promote(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("promote", help="release a bundle whose verdict is green, or amber with a reason")
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")
    parser.add_argument("--to", type=Path, help="folder for the release (default: release/<task>)")
    parser.add_argument("--accept-open", metavar="REASON", help="release an amber verdict; the release says why")
    parser.set_defaults(run=_promote)


def _promote(options: argparse.Namespace) -> None:
    from decant.verdict.promotion import promote

    bundle = options.bundle or paths.bundle(options.task)
    target = options.to or paths.release(options.task)
    md5 = promote(options.task, bundle, target, options.accept_open)
    print(f"released {options.task} ({md5}) to {target}")


def add_verdict(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("verdict", help="print the gates of the tasks in params.yaml; exit 1 if one is red")
    parser.set_defaults(run=_verdict)


def _verdict(options: argparse.Namespace) -> None:
    from decant.files import read_json
    from decant.settings.params import read_all
    from decant.verdict import evidence, gates, lock
    from decant.verdict.promotion import more, reasons

    shared, blocks = read_all()
    recorded, refused = lock.outs(), []
    for task in shared.tasks:
        gate, settings = read_json(paths.metrics(task, "gate")), blocks[task]
        others = evidence.refusals(task, settings.gates, settings.thresholds.caps, paths.bundle(task), recorded)
        if others:
            refused += others
            print(f"{task}: not the verdict of what lies here")
            continue
        refused += reasons(task, gate) if gate["verdict"] == gates.RED else []
        print(f"{task}: {gate['verdict']} (model {gate['evidence']['model_md5']})")
        for name, entry in gate["gates"].items():
            shown = entry["result"] if entry["result"] == gates.HOLDS else entry["result"].upper()
            print(f"  {shown:5}  {name}: {evidence.described(entry, result=False)}{more(entry)}")
    if refused:
        raise PromotionError("\n".join(refused))


def add_ledger(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("ledger", help="what each commit made of the figures, as CSV and XLSX")
    parser.add_argument("--out", type=Path, default=paths.history(), help="folder to write to (default: ledger)")
    parser.set_defaults(run=_ledger)


def _ledger(options: argparse.Namespace) -> None:
    from decant.verdict import history

    number = history.write(options.out)
    print(f"{options.out / 'ledger.csv'}, {options.out / 'ledger.xlsx'}: {number} rows, one per commit and task")


def add_index(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("index", help="write metrics/index.html, the figures of all tasks side by side")
    parser.set_defaults(run=_index)


def _index(options: argparse.Namespace) -> None:
    from decant.verdict import leaderboard

    print(f"{leaderboard.write()}: {len(leaderboard.tasks())} tasks")
