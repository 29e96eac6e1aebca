"""`decant lock`, `reproduce` and `prove`: their arguments, and what they do.

lock stands here and not with decant/review/lock.py, because --bytes reads what decant/proofs/objects.py does.
"""

import argparse
import json
from pathlib import Path

from decant.errors import CacheError
from decant.proofs.surroundings import ALL


def add_lock(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("lock", help="exit 1 unless dvc.lock fits what git holds; needs no data")
    parser.add_argument(
        "--objects", action="store_true", help="ask the default dvc remote for all that it names instead"
    )
    parser.add_argument("--bytes", action="store_true", help="read every object and out here instead, byte by byte")
    parser.set_defaults(run=_lock)


def _lock(options: argparse.Namespace) -> None:
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


def add_reproduce(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("reproduce", help="run everything in a fresh clone; exit 1 unless it comes out again")
    parser.add_argument(
        "--here", action="store_true", help="run in this clone, over what lies here (default: a fresh one)"
    )
    parser.add_argument("--environment", choices=ALL, default="plain", metavar="NAME", help=f"run in: {', '.join(ALL)}")
    parser.add_argument("--json", action="store_true", help="print all that was compared as one JSON object")
    parser.set_defaults(run=_reproduce)


def _reproduce(options: argparse.Namespace) -> None:
    from decant.proofs.reproduce import reproduce
    from decant.proofs.told import told

    found = reproduce(options.environment, options.here)
    print(json.dumps(found.json(), indent=2) if options.json else told(found))
    if found.refused:
        raise CacheError(f"not the same in {len(found.refused)} places")


def add_prove(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("prove", help="kill, fill up and damage a clone; exit 1 if dvc repro does not mend it")
    parser.add_argument("--task", default="demo", help="task block of params.yaml (default: demo)")
    parser.add_argument("--seed", type=int, default=13, help="of what is random (default: 13)")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="kills of each stage (default: 1)")
    parser.add_argument("--minutes", type=float, default=120, help="after which nothing new is begun (default: 120)")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier call has stopped")
    parser.add_argument("--only", action="append", metavar="PART", help="of the parts only this; again: several")
    parser.add_argument(
        "--work", type=Path, default=Path(".work/proofs"), metavar="FOLDER", help="where the clone lies"
    )
    parser.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> None:
    from decant.proofs import prove
    from decant.proofs.table import page

    o = options
    found = prove.prove(o.task, o.seed, o.rounds, o.minutes, o.resume, o.work, o.only)
    print(page(found), end="")
    if harm := found["lost"] + found["differing"] + found["wrong"]:
        raise CacheError(f"{harm} things are not as they were before a fault; metrics/proofs/{o.task}.json has each")
