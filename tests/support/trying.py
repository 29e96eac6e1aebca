"""Tables for tests of `python -m decant try`: classes that words tell apart, with planted defects."""

import random
from pathlib import Path

from newtask import write_csv

WORDS = {"sport": "match goal team coach stadium league player race".split(),
         "food": "bread soup cheese oven recipe salad lunch pepper".split(),
         "money": "bank loan market shares price tax budget coin".split()}  # fmt: skip
FILLER = "the today about with some there again quite".split()
WRONG = (4, 31, 77)  # rows whose label is another one's


def posts(rows: int = 120) -> dict[str, list[str]]:
    """Texts of three classes in turn, whose words say the class; three of them carry another label."""
    texts, labels, names = [], [], list(WORDS)
    for row in range(rows):
        draw, name = random.Random(row), names[row % 3]
        texts.append(" ".join([*draw.choices(WORDS[name], k=5), *draw.choices(FILLER, k=3), f"no {row}"]))
        labels.append(names[(row + 1) % 3] if row in WRONG else name)
    return {"text": texts, "label": labels}


def written(inbox: Path, columns: dict[str, list] | None = None) -> Path:
    return write_csv(inbox / "posts.csv", columns or posts())
