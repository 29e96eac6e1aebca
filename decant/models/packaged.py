"""Encoders that come as a Python package, which says by get_model_path() where its files are."""

import importlib
import importlib.util
from pathlib import Path


def folder(name: str) -> Path | None:
    """Where the package's files are; None: not installed, or a package that does not say it."""
    if importlib.util.find_spec(name) is None:
        return None
    path = getattr(importlib.import_module(name), "get_model_path", None)
    return Path(path()) if path else None
