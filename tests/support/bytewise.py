"""Stages of the project one after the other in one process: torch is imported once. python bytewise.py STAGE ARGUMENT... , ...

Each stage, separated by a comma, is run as dvc runs it, in the working folder.
"""

import importlib
import os
import sys

if __name__ == "__main__":
    os.environ["DVC_STAGE"] = "alone"  # nothing to compare checked/ with
    for call in " ".join(sys.argv[1:]).split(","):
        name, *arguments = call.split()
        importlib.import_module(f"stages.{name}").main(*arguments)
