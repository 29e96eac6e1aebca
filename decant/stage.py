"""How a stage starts: arguments from the command line, errors as one clear line."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from decant.errors import DecantError
from decant.params import task_names


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's arguments; a DecantError becomes one line on stderr and exit status 1.

    Too few or too many arguments: how to call the stage, on stderr, and exit status 2.
    """
    wanted = [name.upper() for name in inspect.signature(main).parameters]
    try:
        if len(sys.argv) - 1 != len(wanted):
            tasks = f"; tasks are {', '.join(task_names())}" if wanted else ""
            stage = Path(sys.argv[0]).stem
            print(f"usage: {' '.join(['python -m', f'stages.{stage}', *wanted])}{tasks}", file=sys.stderr)
            sys.exit(2)
        main(*sys.argv[1:])
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
