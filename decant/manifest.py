"""The manifest of the splits: what split writes down about each one, and evaluate compares with what it opens."""

import json

import pandas as pd

from decant.tables import digest_of


def digest_of_rows(frame: pd.DataFrame) -> str:
    """sha256 of ids, texts and answers: what is read, and what counts as right."""
    columns = (frame[name].tolist() for name in ("id", "text", "answer"))
    return digest_of(json.dumps(row, ensure_ascii=False) for row in zip(*columns, strict=True))
