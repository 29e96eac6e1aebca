"""`decant check`, `share`, `pr`, `why` and `times`: their arguments, and what they do."""

import argparse
import sys
from pathlib import Path

from decant import paths
from decant.errors import DataError


def add_check(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("check", help="check params.yaml and the raw folders before dvc repro reads them")
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> None:
    from decant.review import orphans
    from decant.settings import check, written
    from decant.settings.params import FILE, read_all

    orphans.refuse_orphans()
    for line in written.read(FILE).of_omegaconf():
        print(f"warning: {FILE}: {line}", file=sys.stderr)
    check.contents()  # what the check stage does first
    shared, blocks = read_all()
    for task in shared.tasks:
        folder = paths.raw(task)
        if not folder.exists() and blocks[task].generator is None:
            raise DataError(
                f"{folder}: missing. Fetch its raw files (dvc update {folder}-*.dvc, or python -m decant fetch --task {task} for "
                "the hub and databases), or put yours there"
            )
        print(f"params.yaml: {task}: ok")


def add_share(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "share", help="push data and run cache to the default dvc remote, and say what went where"
    )
    parser.set_defaults(run=_share)


def _share(options: argparse.Namespace) -> None:
    from decant.review.sharing import share

    print(share())


def add_pr(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("pr", help="what changed since another revision, as Markdown for a pull request")
    parser.add_argument("--base", default="main", metavar="REV", help="revision to compare with (default: main)")
    parser.add_argument("--head", metavar="REV", help="revision that is compared (default: the working tree)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of printing it")
    parser.add_argument("--all", action="store_true", help="do not cut it to what a comment can hold")
    parser.set_defaults(run=_pr)


def _pr(options: argparse.Namespace) -> None:
    from decant.files import writing
    from decant.review.comment import comment
    from decant.review.revision import revision

    base, head = revision(options.base, "--base"), revision(options.head, "--head")
    again = f"python -m decant pr --base {base.commit} --all"
    text = comment(base, head, again + (f" --head {head.commit}" if head.commit else ""), options.all)
    if options.out is None:
        sys.stdout.write(text)
        return
    with writing(options.out) as partial:
        partial.write_text(text, encoding="utf-8")


def add_why(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("why", help="what dvc repro would run again, and why, in words; writes nothing")
    parser.add_argument(
        "stage", nargs="?", metavar="STAGE[@TASK]", help="with what comes before it (default: all stages)"
    )
    parser.set_defaults(run=_why)


def _why(options: argparse.Namespace) -> None:
    from decant.review.why import why

    print(why(options.stage))


def add_times(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("times", help="how long each stage took here the last time, and with what")
    parser.add_argument("--task", help="task block of params.yaml (default: all that it builds)")
    parser.set_defaults(run=_times)


def _times(options: argparse.Namespace) -> None:
    from decant.review.durations import table
    from decant.settings.params import tasks

    print(table([options.task] if options.task else tasks()))
