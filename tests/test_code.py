"""The digest of a stage's code: what changes its meaning is seen, wherever in the import closure; what does not, is not."""

import ast
import random
import shutil

import pytest
from graph import ROOT

from decant import code
from decant.errors import CodeError

MAIN = '''"""first: a stage."""

import json
from decant import leaf
from decant.room import deep

LIMIT = 3


class Part:
    width: int = 4
    """Columns."""


def main(task: str) -> None:
    """Runs."""
    values = [row for row in deep.rows(task) if row < LIMIT]
    print(json.dumps(values), leaf.NAME if values else None)
'''
FILES = {
    "stages/__init__.py": '"""Stages."""\n',
    "stages/first.py": MAIN,
    "stages/second.py": "import numpy as np\n\n\ndef main():\n    return np.pi\n",
    "decant/__init__.py": '"""All."""\n',
    "decant/leaf.py": "NAME = 'leaf'\n",
    "decant/lonely.py": "ALONE = True\n",
    "decant/room/__init__.py": '"""A room."""\n',
    "decant/room/deep.py": "def rows(task):\n    from decant.room.late import count\n\n    return range(count(task))\n",
    "decant/room/late.py": "from . import near\nimport scipy.stats\n\n\ndef count(task):\n    return near.SIZE\n",
    "decant/room/near.py": "SIZE = 5\n",
    "constraints.txt": "# what ran\nnumpy==2.0\nSciPy==1.9  # statistics\ntorch==2.1\n",
}


@pytest.fixture
def root(tmp_path):
    """A project of two stages."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def changed(root, name: str, old: str, new: str) -> set[str]:
    """The stages whose digest changes with an edit of one file."""
    before = code.digests(["first", "second"], root)
    text = (root / name).read_text(encoding="utf-8")
    assert old in text, name
    (root / name).write_text(text.replace(old, new), encoding="utf-8")
    after = code.digests(["first", "second"], root)
    return {stage for stage in before if before[stage] != after[stage]}


SAME = {
    "a comment": ("stages/first.py", "LIMIT = 3", "# three\nLIMIT = 3  # rows"),
    "the docstring of a module": ("stages/first.py", "first: a stage", "first: another"),
    "the docstring of a function": ("stages/first.py", '    """Runs."""\n', ""),
    "the docstring of an attribute": ("stages/first.py", "Columns.", "Columns of it."),
    "lines and quotes": ("decant/leaf.py", "NAME = 'leaf'", 'NAME = (\n    "le"\n    "af"\n)'),
    "the order of imports": (
        "stages/first.py",
        "import json\nfrom decant import leaf\nfrom decant.room import deep",
        "from decant.room import deep\nfrom decant import leaf\n\nimport json",
    ),
    "a module that nobody imports": ("decant/lonely.py", "True", "False"),
    "a package that no stage imports": ("constraints.txt", "torch==2.1", "torch==2.2"),
    "a comment beside a pin": ("constraints.txt", "# what ran", "# what ran together"),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_what_means_the_same_has_the_same_digest(root, edit):
    assert changed(root, *edit) == set()


OTHER = {
    "a constant": ("stages/first.py", "LIMIT = 3", "LIMIT = 4"),
    "its type": ("stages/first.py", "LIMIT = 3", "LIMIT = 3.0"),
    "a comparison": ("stages/first.py", "row < LIMIT", "row <= LIMIT"),
    "a string in use": ("decant/leaf.py", "'leaf'", "'lea'"),
    "a default": ("stages/first.py", "task: str", "task: str = 'demo'"),
    "a module that a module imports inside a function": ("decant/room/late.py", "near.SIZE", "near.SIZE + 1"),
    "a module that is imported by a dot": ("decant/room/near.py", "5", "6"),
    "a package file on the way": ("decant/room/__init__.py", '"""A room."""', "HERE = 1"),
    "the names that are imported": ("stages/first.py", "import json", "import json as json"),
    "the order of two statements": ("stages/first.py", "LIMIT = 3", "import json\nLIMIT = 3\nimport json"),
    "the pin of a package deep inside": ("constraints.txt", "SciPy==1.9", "SciPy==1.10"),
}


@pytest.mark.parametrize("edit", OTHER.values(), ids=OTHER)
def test_what_means_something_else_has_another_digest(root, edit):
    if edit == OTHER["the names that are imported"]:  # another name, and yet the same one
        edit = (*edit[:2], "import json as text")
    assert changed(root, *edit) == {"first"}


def test_only_the_stage_that_imports_it_sees_a_package(root):
    assert changed(root, "constraints.txt", "numpy==2.0", "numpy==2.4") == {"second"}


BROKEN = {
    "no such module": ("stages/first.py", "import json", "import decant.nowhere", "decant.nowhere: no such module"),
    "no Python": ("decant/leaf.py", "NAME = 'leaf'", "NAME = (", r"leaf\.py:1: no Python"),
    "no pin": ("constraints.txt", "SciPy==1.9", "", "no scipy, which decant.room.late imports; pin the version"),
    "a loose pin": ("constraints.txt", "torch==2.1", "torch>=2.1", "'torch>=2.1' pins no version"),
}


@pytest.mark.parametrize(("name", "old", "new", "words"), BROKEN.values(), ids=BROKEN)
def test_code_that_cannot_be_followed_is_refused(root, name, old, new, words):
    with pytest.raises(CodeError, match=words):
        changed(root, name, old, new)


def test_without_constraints_nothing_is_known(root):
    (root / "constraints.txt").unlink()
    with pytest.raises(CodeError, match=r"constraints\.txt: missing"):
        code.digests(["first"], root)


def edits(tree: ast.Module) -> list[ast.AST]:
    """The nodes of a module that an edit can change: numbers, strings in use, names of arguments, operators."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    kinds = (ast.Constant, ast.arg, ast.Compare, ast.Attribute)
    return [node for node in ast.walk(tree) if isinstance(node, kinds) and id(node) not in alone]


def edited(node: ast.AST) -> None:
    if isinstance(node, ast.Constant):
        node.value = "edited" if node.value != "edited" else "once more"
    elif isinstance(node, ast.arg):
        node.arg += "_"
    elif isinstance(node, ast.Attribute):
        node.attr += "_"
    else:
        node.ops[0] = ast.NotIn() if isinstance(node.ops[0], ast.Eq) else ast.Eq()


@pytest.mark.parametrize(
    "name", sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "decant").rglob("*.py"))[::4]
)
def test_any_edit_of_real_code_is_seen_and_a_rewrite_is_not(name):
    """Ten edits at random of a fourth of the modules, and each whole module printed anew without a comment."""
    source = (ROOT / name).read_text(encoding="utf-8")
    shape = code.shape(ast.parse(source))
    assert code.shape(ast.parse(ast.unparse(ast.parse(source)))) == shape
    places = len(edits(ast.parse(source)))
    for place in random.Random(name).sample(range(places), min(10, places)):
        tree = ast.parse(source)
        edited(edits(tree)[place])
        assert code.shape(tree) != shape, f"{name}: {ast.unparse(edits(tree)[place])}"


def test_the_digests_of_the_project_do_not_depend_on_where_it_lies(tmp_path):
    for package in code.OURS:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / code.PINS, tmp_path)
    assert code.digests(["gate", "demo"], tmp_path) == code.digests(["gate", "demo"])
