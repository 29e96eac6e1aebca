"""How a stage starts: arguments from the command line, errors as one clear line."""

import sys
from collections.abc import Callable

from decant.errors import DecantError


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's arguments; a DecantError becomes one line on stderr and exit status 1."""
    try:
        main(*sys.argv[1:])
    except DecantError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
