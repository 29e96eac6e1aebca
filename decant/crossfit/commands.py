"""`decant crossfit` and `decant compare`: their arguments, and what they do."""

import argparse
import json
import sys
from pathlib import Path

from decant.errors import ParamsError


def add_crossfit_and_compare(commands: argparse._SubParsersAction) -> None:
    run = commands.add_parser("crossfit", help="the whole road once per fold: figures over all rows, each test once")
    pair = commands.add_parser(
        "compare", help="two settings on the same rows by cross-fitting: their paired difference"
    )
    arguments(run, pair)
    run.set_defaults(run=crossfit)
    pair.set_defaults(run=compare)


def arguments(crossfit: argparse.ArgumentParser, compare: argparse.ArgumentParser) -> None:
    for parser in (crossfit, compare):
        parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
        parser.add_argument(
            "--folds", type=int, metavar="N", help="2 or more (default: crossfit.folds of params, else 5)"
        )
        parser.add_argument(
            "--rows",
            choices=("development", "all"),
            help="without or with the rows of test (default: crossfit.rows of params); settings are chosen without",
        )
        parser.add_argument(
            "--processes", type=int, metavar="N", help="folds at a time (default: crossfit.processes of params)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
    crossfit.add_argument(
        "--params", default="base", metavar="OVERLAY", help="YAML file that is merged over the task's block"
    )
    for parser in (crossfit, compare):
        parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures there as well, as JSON")
    compare.add_argument("first", metavar="A", help="YAML file that is merged over the task's block, or base for none")
    compare.add_argument("second", metavar="B", help="likewise; B - A is shown")


def crossfit(options: argparse.Namespace) -> None:
    from decant.crossfit import figures, folds, pooled, words
    from decant.files import write_metrics

    chosen, processes = planned(options, [options.params])
    plan = chosen[0]
    folds.run(plan, processes, say)
    found = figures.figures(plan, pooled.read(plan))
    write_metrics(plan.folder / "crossfit.json", found)
    if options.out:
        write_metrics(options.out, found)
    minutes = folds.minutes(plan)
    if options.json:
        print(json.dumps(found | {"minutes": minutes}, indent=2, ensure_ascii=False))
    else:
        print(words.run(plan, found, minutes))


def compare(options: argparse.Namespace) -> None:
    from decant.crossfit import compare, folds, pooled, words
    from decant.crossfit.plan import over
    from decant.files import write_json

    chosen, processes = planned(options, [options.first, options.second])
    plans = (chosen[0], chosen[1])
    compare.refuse_same(*plans)
    for plan in plans:
        say(f"{plan.name}: {plan.folder}")
        folds.run(plan, processes, say)
    found = compare.compare(plans, (pooled.read(plans[0]), pooled.read(plans[1])))
    minutes = [folds.minutes(plan) for plan in plans]
    first, second = (
        {"overlay": plan.name, "says": over(plan.name), "run": plan.key, "minutes": each}
        for plan, each in zip(plans, minutes, strict=True)
    )
    told = {"first": first, "second": second} | found
    if options.out:
        write_json(options.out, told)  # keys with dots and lists, which no metrics file may have
    if options.json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print(words.comparison(plans, found, minutes))


def planned(options: argparse.Namespace, overlays: list[str]) -> tuple[list, int]:
    """The plans, and how many folds are built at a time. Raises ParamsError: fewer than 2 folds, or fewer than 1 at a time."""
    from decant.crossfit.plan import plan
    from decant.settings import params
    from decant.settings.crossfit import FOLDS

    settings = params.read(options.task).crossfit
    count = settings.folds or FOLDS if options.folds is None else options.folds
    processes = settings.processes if options.processes is None else options.processes
    for name, value, least in (("--folds", count, 2), ("--processes", processes, 1)):
        if value < least:
            raise ParamsError(f"{name} {value}: {least} or more")
    return [plan(options.task, overlay, count, options.rows or settings.rows) for overlay in overlays], processes


def say(line: str) -> None:
    """To standard error, so that standard output is the figures alone."""
    print(line, file=sys.stderr, flush=True)
