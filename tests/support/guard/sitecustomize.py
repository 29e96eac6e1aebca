"""What Python runs when it starts: the guard over pickles, in a process that a test has started."""

import unpickled  # noqa: F401
