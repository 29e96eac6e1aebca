"""How a stage starts: arguments from the command line, errors as one clear line."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from decant import checked, times
from decant.errors import DecantError


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's arguments; a DecantError becomes one line on stderr and exit status 1.

    Too few or too many arguments: how to call the stage, on stderr, and exit status 2.
    """
    wanted = inspect.signature(main).parameters
    least = sum(parameter.default is inspect.Parameter.empty for parameter in wanted.values())
    file = Path(sys.argv[0])
    try:
        if not least <= len(sys.argv) - 1 <= len(wanted):
            names = [name.upper() if number < least else f"[{name.upper()}]" for number, name in enumerate(wanted)]
            tasks = f"; tasks are {', '.join(checked.tasks())}" if "task" in wanted else ""
            print(f"usage: {' '.join([f'python -m {file.parent.name}.{file.stem}', *names])}{tasks}", file=sys.stderr)
            sys.exit(2)
        if file.parent.name == "stages":  # and not decant.models.convert, which reads no params
            checked.refuse_stale(file.stem)
        started = times.since_start()
        main(*sys.argv[1:])
        if "task" in wanted:
            times.record(sys.argv[1], started)
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
