"""The options of `python -m decant reproduce` and of `prove`."""

import argparse
from pathlib import Path

from decant.proofs.surroundings import ALL


def reproduce(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--here", action="store_true", help="run in this clone, over what lies here (default: a fresh one)"
    )
    parser.add_argument("--environment", choices=ALL, default="plain", metavar="NAME", help=f"run in: {', '.join(ALL)}")
    parser.add_argument("--json", action="store_true", help="print all that was compared as one JSON object")


def prove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", default="demo", help="task block of params.yaml (default: demo)")
    parser.add_argument("--seed", type=int, default=13, help="of what is random (default: 13)")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="kills of each stage (default: 1)")
    parser.add_argument("--minutes", type=float, default=120, help="after which nothing new is begun (default: 120)")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier call has stopped")
    parser.add_argument("--only", action="append", metavar="PART", help="of the parts only this; again: several")
    parser.add_argument(
        "--work", type=Path, default=Path(".work/proofs"), metavar="FOLDER", help="where the clone lies"
    )
