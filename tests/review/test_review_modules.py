"""Which definitions of a module differ, by the rules of the digest: what it does not see is not named, what it sees is."""

import hashlib
import json

import pytest
from graph import ROOT

from decant import code
from decant.review import modules

BEFORE = '''"""A module."""

import os
from pathlib import Path

LIMIT = 3
low, high = 0, 1


def first(x):
    """Says so."""
    return x


class Box(dict):
    size: int = 1

    def fill(self):
        return 1


print(LIMIT)
'''
EDITS = {
    "a comment": ("LIMIT = 3", "LIMIT = 3  # a word", ["the order of its definitions changed"]),
    "a docstring": ("Says so.", "Says more.", ["the order of its definitions changed"]),
    "the order of imports": (
        "import os\nfrom pathlib import Path",
        "from pathlib import Path\nimport os",
        ["the order of its definitions changed"],
    ),
    "an import": ("import os", "import os.path", ["its imports changed"]),
    "a constant": ("LIMIT = 3", "LIMIT = 4", ["constant LIMIT changed"]),
    "two of a tuple": ("0, 1", "0, 2", ["constant low, constant high changed"]),
    "a function": ("return x", "return x + 1", ["function first changed"]),
    "a signature": ("first(x)", "first(x, y=1)", ["function first changed"]),
    "a new name": ("def first", "def second", ["function second added", "function first removed"]),
    "a method alone": ("return 1", "return 2", ["function Box.fill changed"]),
    "a field": ("size: int = 1", "size: int = 2", ["field Box.size changed"]),
    "a base": ("Box(dict)", "Box(list)", ["class Box changed"]),
    "a decorator": ("class Box", "@final\nclass Box", ["class Box changed"]),
    "an import that a function needs": (
        "import os\n",
        "import os\nimport re\n\n\ndef more():\n    return re\n",
        ["function more added"],
    ),
    "what runs on import": ("print(LIMIT)", "print(high)", ["what it does when it is imported changed"]),
    "the body of a class": ("    size: int = 1", "    size: int = 1\n    print(size)", ["the body of class Box added"]),
}


@pytest.mark.parametrize(("old", "new", "expected"), EDITS.values(), ids=EDITS)
def test_an_edit_is_named_by_what_it_changes(old, new, expected):
    assert old in BEFORE
    assert modules.changes(BEFORE.encode(), BEFORE.replace(old, new).encode()) == expected


@pytest.mark.parametrize("stage", ["gate", "prepare", "soften"])
def test_the_modules_and_packages_of_a_stage_are_those_of_its_digest(stage):
    found = modules.of_stage(stage, ROOT)
    versions = [f"{name}=={version}" for name, version in found.packages.items()]
    content = json.dumps([sorted(found.modules.items()), sorted(versions)])
    assert hashlib.sha256(content.encode()).hexdigest() == code.digests([stage])[stage]


def test_modules_and_packages_that_come_and_go_are_named(tmp_path):
    trees = {
        "old": {"a": "import numpy\n", "b": "B = 1\n", "s": "from decant import a, b\n"},
        "new": {"a": "import torch\n", "c": "C = 1\n", "s": "from decant import a, c\n"},
    }
    for name, content in trees.items():
        root = tmp_path / name
        for folder in ("decant", "stages"):
            (root / folder).mkdir(parents=True)
            (root / folder / "__init__.py").touch()
        for module, text in content.items():
            (root / ("stages" if module == "s" else "decant") / f"{module}.py").write_text(text)
        (root / "constraints.txt").write_text("numpy==1\ntorch==2\n")
    assert modules.differing("s", tmp_path / "old", tmp_path / "new") == [
        "decant/a.py: its imports changed",
        "decant/b.py: is no longer imported",
        "decant/c.py: is imported now",
        "stages/s.py: its imports changed",
        "package numpy: is no longer imported",
        "package torch: is now imported",
    ]
    (tmp_path / "new/constraints.txt").write_text("numpy==1\ntorch==3\n")
    (tmp_path / "old/decant/a.py").write_text("import torch\n")
    assert "package torch: from 2 to 3" in modules.differing("s", tmp_path / "old", tmp_path / "new")
