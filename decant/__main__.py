"""The command line: from a labelled table to a released classifier, and the classifier at work.

`python -m decant` is the same. predict needs a bundle and the shipped part of decant only (numpy, onnxruntime, tokenizers,
ftfy), and over tables the extra `tables`; what a command needs and is not installed is named in one line.
"""

import argparse
import os
import sys
from pathlib import Path

from decant import paths
from decant.crossfit import command as crossfitting
from decant.deploy import options as deploying
from decant.deploy.needs import missing
from decant.errors import DecantError
from decant.new import options as proposing
from decant.proofs import options as asked


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="decant", description=__doc__.splitlines()[0])
    parser.set_defaults(extra=None)  # of pyproject.toml, that a command needs; else requirements.txt
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict", help="classify texts, lines or the rows of a table")
    deploying.arguments(predict)
    predict.set_defaults(run=_predict, extra="tables")
    serve = commands.add_parser("serve", help="answer over HTTP, with a bundle (pip install '.[serve]')")
    which = serve.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", help="task block of params.yaml, e.g. demo: serves models/<task>/bundle")
    which.add_argument("--bundle", type=Path, metavar="FOLDER", help="bundle folder")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine alone)")
    serve.add_argument("--port", type=int, default=8000, help="0: any free one, which is printed (default: 8000)")
    serve.add_argument(
        "--workers", type=_positive, default=1, metavar="N", help="processes, one core each (default: 1)"
    )
    serve.add_argument("--max-batch", type=_positive, default=128, help="texts a request (default: 128)")
    serve.add_argument("--max-body", type=_positive, default=1 << 20, help="bytes a request (default: 1,048,576)")
    serve.add_argument("--max-queue", type=_positive, default=64, help="requests that wait a process (default: 64)")
    serve.add_argument("--timeout", type=_positive, default=10, help="seconds for a request (default: 10)")
    serve.set_defaults(run=_serve, extra="serve")
    promote = commands.add_parser("promote", help="release a bundle whose verdict is green, or amber with a reason")
    _where(promote)
    promote.add_argument("--to", type=Path, help="folder for the release (default: release/<task>)")
    promote.add_argument("--accept-open", metavar="REASON", help="release an amber verdict; the release says why")
    promote.set_defaults(run=_promote)
    page = commands.add_parser("page", help="write a static folder that classifies in the browser")
    _where(page)
    page.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="folder of the page; an older page is replaced"
    )
    page.set_defaults(run=_page)
    verdict = commands.add_parser("verdict", help="print the gates of the tasks in params.yaml; exit 1 if one is red")
    verdict.set_defaults(run=_verdict)
    check = commands.add_parser("check", help="check params.yaml and the raw folders before dvc repro reads them")
    check.set_defaults(run=_check)
    new = commands.add_parser("new", help="look at a table and propose a task block for it in params.yaml")
    proposing.arguments(new)
    new.set_defaults(run=_new)
    first = commands.add_parser("try", help="a first answer about a table in minutes, before it is a task")
    first.add_argument("file", type=proposing.place, metavar="FILE", help="as of new")
    proposing.table(first)
    first.add_argument("--rows", type=_positive, default=5000, metavar="N", help="rows to fit at most (default: 5,000)")
    first.add_argument("--to", type=Path, metavar="FOLDER", help="write the answer, without texts, to a page there")
    first.set_defaults(run=_try)
    fetch = commands.add_parser("fetch", help="get a task's data sets of the Hugging Face hub (hf://) and of databases")
    fetch.add_argument("--task", required=True, help="task block of params.yaml, e.g. emotion")
    fetch.add_argument(
        "--from", dest="folder", type=Path, metavar="FOLDER", help="copy of a hub data set: train.csv, ..."
    )
    fetch.set_defaults(run=_fetch)
    freeze = commands.add_parser("freeze", help="keep the present test rows out of train for good")
    freeze.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    freeze.set_defaults(run=_freeze)
    ledger = commands.add_parser("ledger", help="what each commit made of the figures, as CSV and XLSX")
    ledger.add_argument("--out", type=Path, default=paths.history(), help="folder to write to (default: ledger)")
    ledger.set_defaults(run=_ledger)
    look = commands.add_parser("look", help="write a local page with the texts behind the figures, look/<task>.html")
    look.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    look.set_defaults(run=_look)
    issues = commands.add_parser("label-issues", help="write a local page of labels that are likely to be wrong")
    issues.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    issues.set_defaults(run=_label_issues)
    index = commands.add_parser("index", help="write metrics/index.html, the figures of all tasks side by side")
    index.set_defaults(run=_index)
    lock = commands.add_parser("lock", help="exit 1 unless dvc.lock fits what git holds; needs no data")
    lock.add_argument("--objects", action="store_true", help="ask the default dvc remote for all that it names instead")
    lock.add_argument("--bytes", action="store_true", help="read every object and out here instead, byte by byte")
    lock.set_defaults(run=_lock)
    share = commands.add_parser(
        "share", help="push data and run cache to the default dvc remote, and say what went where"
    )
    share.set_defaults(run=_share)
    pr = commands.add_parser("pr", help="what changed since another revision, as Markdown for a pull request")
    pr.add_argument("--base", default="main", metavar="REV", help="revision to compare with (default: main)")
    pr.add_argument("--head", metavar="REV", help="revision that is compared (default: the working tree)")
    pr.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of printing it")
    pr.add_argument("--all", action="store_true", help="do not cut it to what a comment can hold")
    pr.set_defaults(run=_pr)
    why = commands.add_parser("why", help="what dvc repro would run again, and why, in words; writes nothing")
    why.add_argument("stage", nargs="?", metavar="STAGE[@TASK]", help="with what comes before it (default: all stages)")
    why.set_defaults(run=_why)
    times = commands.add_parser("times", help="how long each stage took here the last time, and with what")
    times.add_argument("--task", help="task block of params.yaml (default: all that it builds)")
    times.set_defaults(run=_times)
    crossfit = commands.add_parser(
        "crossfit", help="the whole road once per fold: figures over all rows, each test once"
    )
    compare = commands.add_parser(
        "compare", help="two settings on the same rows by cross-fitting: their paired difference"
    )
    crossfitting.arguments(crossfit, compare)
    crossfit.set_defaults(run=crossfitting.crossfit)
    compare.set_defaults(run=crossfitting.compare)
    again = commands.add_parser("reproduce", help="run everything in a fresh clone; exit 1 unless it comes out again")
    asked.reproduce(again)
    again.set_defaults(run=_reproduce)
    prove = commands.add_parser("prove", help="kill, fill up and damage a clone; exit 1 if dvc repro does not mend it")
    asked.prove(prove)
    prove.set_defaults(run=_prove)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {missing(error, options.command, options.extra)}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # of `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python would flush into it at its end
        return 128 + 13  # as a shell tells SIGPIPE
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 128 + 2
    return 0


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", required=True, help="task block of params.yaml, e.g. demo")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")


def _predict(options: argparse.Namespace) -> None:
    from decant.deploy import command

    command.predict(options)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _serve(options: argparse.Namespace) -> None:
    from decant.deploy.service import Limits
    from decant.deploy.serving import serve

    limits = Limits(options.max_batch, options.max_body, options.max_queue, options.timeout)
    serve(options.bundle or paths.bundle(options.task), options.host, options.port, options.workers, limits)


def _verdict(options: argparse.Namespace) -> None:
    from decant.errors import PromotionError
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


def _check(options: argparse.Namespace) -> None:
    from decant.errors import DataError
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


def _new(options: argparse.Namespace) -> None:
    from decant.new.propose import new

    new(options.file, options.task, proposing.choices(options), options.dry_run, options.build)


def _try(options: argparse.Namespace) -> None:
    from decant.trying.answer import answer

    answer(options.file, proposing.choices(options), options.rows, options.to)


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


def _look(options: argparse.Namespace) -> None:
    from decant.report.look import look

    print(look(options.task))


def _label_issues(options: argparse.Namespace) -> None:
    from decant.report.label_issues import label_issues

    place, counts = label_issues(options.task)
    for head, splits in counts.items():
        print(f"{head}: {', '.join(f'{rows} rows of {split}' for split, rows in splits.items())}")
    print(place)


def _lock(options: argparse.Namespace) -> None:
    from decant.errors import CacheError
    from decant.review import lock
    from decant.review.store import Store

    if options.bytes:
        from decant.proofs import objects

        print(
            f"the cache: {objects.refuse_damaged()} objects, and every out of dvc.lock that lies here, have their bytes"
        )
        return
    store = Store()
    if options.objects:
        objects = lock.objects(store)
        if missing := store.missing(objects):
            lines = "\n  ".join(missing)
            raise CacheError(f"the remote {store.remote_name} lacks what dvc.lock names. Run: make share\n  {lines}")
        print(f"remote {store.remote_name}: has all {len(objects)} outs that dvc.lock names")
        return
    if stale := lock.stale(store):
        lines = "\n  ".join(stale)
        raise CacheError(f"dvc.lock is not of this checkout. Run dvc repro, and commit what it writes\n  {lines}")
    print("dvc.lock: fits what git holds")


def _share(options: argparse.Namespace) -> None:
    from decant.review.sharing import share

    print(share())


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


def _why(options: argparse.Namespace) -> None:
    from decant.review.why import why

    print(why(options.stage))


def _times(options: argparse.Namespace) -> None:
    from decant.review.durations import table
    from decant.settings.params import tasks

    print(table([options.task] if options.task else tasks()))


def _reproduce(options: argparse.Namespace) -> None:
    import json

    from decant.errors import CacheError
    from decant.proofs.reproduce import reproduce
    from decant.proofs.told import told

    found = reproduce(options.environment, options.here)
    print(json.dumps(found.json(), indent=2) if options.json else told(found))
    if found.refused:
        raise CacheError(f"not the same in {len(found.refused)} places")


def _prove(options: argparse.Namespace) -> None:
    from decant.errors import CacheError
    from decant.proofs import prove
    from decant.proofs.table import page

    o = options
    found = prove.prove(o.task, o.seed, o.rounds, o.minutes, o.resume, o.work, o.only)
    print(page(found), end="")
    if harm := found["lost"] + found["differing"] + found["wrong"]:
        raise CacheError(f"{harm} things are not as they were before a fault; metrics/proofs/{o.task}.json has each")


def _promote(options: argparse.Namespace) -> None:
    from decant.verdict.promotion import promote

    bundle = options.bundle or paths.bundle(options.task)
    target = options.to or paths.release(options.task)
    md5 = promote(options.task, bundle, target, options.accept_open)
    print(f"released {options.task} ({md5}) to {target}")


def _page(options: argparse.Namespace) -> None:
    from decant.deploy import browser

    size = browser.build(options.bundle or paths.bundle(options.task), options.to)
    print(
        f"{options.to}: {size / 1e6:.1f} MB. Look at it: python -m http.server --bind localhost --directory {options.to}"
    )


def _ledger(options: argparse.Namespace) -> None:
    from decant.verdict import history

    number = history.write(options.out)
    print(f"{options.out / 'ledger.csv'}, {options.out / 'ledger.xlsx'}: {number} rows, one per commit and task")


def _index(options: argparse.Namespace) -> None:
    from decant.verdict import leaderboard

    print(f"{leaderboard.write()}: {len(leaderboard.tasks())} tasks")


if __name__ == "__main__":
    sys.exit(main())
