"""How speed is measured: the section benchmark."""

from decant.settings.base import Positive, Section


class Benchmark(Section):
    texts: Positive
    """Valid texts to time, at their own lengths."""
    repeats: Positive
    """Passes over them; the fastest time of each text counts."""
