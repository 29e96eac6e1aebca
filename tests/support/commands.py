"""The command at the end of an error of `python -m decant new`: typed as it is printed, it has to work."""

import shlex
from pathlib import Path

from shell import run

from decant.__main__ import main

NEW = "python -m decant new "


def typed(folder: Path, error: str) -> int:
    """Run the last command of an error, and what stands before it in the line; returns the status of `new`."""
    line = next(line for line in reversed(error.splitlines()) if NEW in line)
    before, _, arguments = line.rpartition(NEW)
    if "python -c " in before:  # here, for a process of its own would import pandas again
        code = shlex.split("python -c " + before.partition("python -c ")[2])[2]
        exec(compile(code, "<the command>", "exec"), {})
    for tool in ("tr -d ", "sed -i", "mv "):
        if f" {tool}" in before:
            run(folder, "bash", "-c", tool + before.partition(f" {tool}")[2].rstrip().removesuffix("&&"))
    return main(["new", *shlex.split(arguments)])
