"""`decant look` and `decant label-issues`, which write local pages: their arguments, and what they do."""

import argparse


def add_look(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("look", help="write a local page with the texts behind the figures, look/<task>.html")
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.set_defaults(run=_look)


def _look(options: argparse.Namespace) -> None:
    from decant.report.look import look

    print(look(options.task))


def add_label_issues(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("label-issues", help="write a local page of labels that are likely to be wrong")
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.set_defaults(run=_label_issues)


def _label_issues(options: argparse.Namespace) -> None:
    from decant.report.label_issues import label_issues

    place, counts = label_issues(options.task)
    for head, splits in counts.items():
        print(f"{head}: {', '.join(f'{rows} rows of {split}' for split, rows in splits.items())}")
    print(place)
