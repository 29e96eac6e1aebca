"""decant/paths.py: the only place that spells paths, and the same ones as dvc.yaml."""

import ast
import inspect
import re
import sys
from itertools import product
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant import keys, paths

MODULES = [file for room in ("decant", "stages") for file in sorted((ROOT / room).rglob("*.py"))]
OWN = ROOT / "decant/paths.py"

# --- no other module spells a path ------------------------------------------------------------------------------------

ROOTS = r"models|metrics|data|frozen|checked|champions|look|ledger|release"
INSIDE = re.compile(rf"({ROOTS})/")  # with a slash it is a path, wherever it stands
BARE = re.compile(rf"({ROOTS})")  # without one it may be a word, unless a path is made of it


def spelt(source: str) -> list[str]:
    """Texts that begin with a folder of paths.py; docstrings and the texts of raised errors may."""
    tree = ast.parse(source)
    free: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            free.add(id(node.value))
        elif isinstance(node, ast.Raise):
            free |= {id(one) for one in ast.walk(node)}
    made = set()  # what Path() is called with, and both sides of a slash
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Path":
            made |= {id(one) for one in node.args}
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            made |= {id(node.left), id(node.right)}
    found = []
    for node in ast.walk(tree):
        if id(node) in free:
            continue
        start = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
        text = start.value if isinstance(start, ast.Constant) and isinstance(start.value, str) else ""
        if INSIDE.match(text) or (id(node) in made and BARE.fullmatch(text)):
            found.append(text)
    return found


@pytest.mark.parametrize(
    "file", [file for file in MODULES if file != OWN], ids=lambda file: str(file.relative_to(ROOT))
)
def test_no_other_module_spells_a_path(file):
    assert spelt(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        'Path("models") / task / "student"',
        'Path("data/raw") / task',
        'pathlib.Path("metrics")',
        'write_metrics(f"metrics/{task}/split.json", metrics)',
        'own = f"models/hub/{name}"',
        'folder / "frozen" / task',
    ],
)
def test_a_spelt_path_is_caught(line):
    assert spelt(line)


@pytest.mark.parametrize(
    "line",
    [
        '"""metrics/<task>/split.json"""',
        'raise DataError(f"data/{task}/train.parquet: missing")',
        'why[rows] = "frozen"',
        'models = parts["models"]',
        'note(f"below {paths.raw(task)}")',
    ],
)
def test_words_docstrings_and_error_texts_are_no_paths(line):
    assert spelt(line) == []


def test_the_module_itself_spells_them():
    """Else the pattern would have missed them everywhere."""
    assert {one.split("/")[0] for one in spelt(OWN.read_text(encoding="utf-8"))} == set(ROOTS.split("|"))


def test_the_module_imports_the_standard_library_alone():
    tree = ast.parse(OWN.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert names
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_the_contestant_that_ships_is_named_once():
    found = [file.name for file in MODULES for _ in re.findall("student_int8", file.read_text(encoding="utf-8"))]
    assert found == ["keys.py"]
    assert keys.STUDENT_INT8 == "student_int8"


# --- the same paths as dvc.yaml ---------------------------------------------------------------------------------------

ITEM = {"task": "demo", "encoder": "minilm", "seed": "13", "first": "before"}
CODE = {
    "params.yaml",
    "constraints.txt",
    "decant",
    "decant/report/page",
    "stages",
    "stages/demo.yaml",
    "stages/golden.json",
}
VALUES = {"task": ["demo", "before"], "seed": ["13"], "first": ["before"], "split": paths.SPLITS, "name": ["minilm"]}
VALUES["folder"] = [paths.adapted("demo", "minilm")]
NAMES = {
    "checked": ["demo", "shared", "code"],
    "metrics": [
        *("prepare", "split", "manifest", "unlabelled", "profile", "baseline", "soften", "learning", "export"),
        *(
            "noise",
            "quantize",
            "thresholds",
            "test",
            "crossfit",
            "paired",
            "subgroups",
            "gate",
            "benchmark",
            "headline",
            "provenance",
        ),
    ],
    "table": ["baseline", "calibration"],
    "page": ["data", "report", "card"],
}
FOLDERS = {
    "onnx",
    "checked",
    "frozen",
    "champion",
    "encoder",
    "adapted",
    "gain",
    "search",
    "teacher",
}  # the map names those around them too
# what commands write, and what no stage may depend on
UNMAPPED = {
    "release/demo",
    "models/hub/minilm",
    "metrics/demo/provenance.json",
    "metrics/demo/times.json",
    "metrics/index.html",
    "look/demo.html",
    "ledger",
}


def given() -> dict[str, set[Path]]:
    """Function -> what it gives for the values above."""
    functions = {name: one for name, one in vars(paths).items() if inspect.isfunction(one)}
    return {
        name: {
            one(*values)
            for values in product(
                *(
                    NAMES.get(name, VALUES[key]) if key == "name" else VALUES[key]
                    for key in inspect.signature(one).parameters
                )
            )
        }
        for name, one in functions.items()
    }


def mapped(kinds: tuple[str, ...]) -> set[str]:
    """What dvc.yaml names for the item, of these kinds; of params, the files."""
    found = set()
    for stage in YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values():
        body = stage.get("do", stage)
        for kind in kinds:
            for one in body.get(kind, []):
                text = (one if isinstance(one, str) else next(iter(one))).replace("${key}", ITEM["task"])
                found.add(re.sub(r"\$\{item\.(\w+)\}", lambda place: ITEM[place[1]], text))
    return found - CODE


def unknown(names: set[str]) -> set[str]:
    """Those that no function gives, that lie in no folder of one, and that are not the folder around many of a kind."""
    found = given()
    every = set().union(*found.values())
    around = {one.parent for name in FOLDERS & set(found) for one in found[name]}
    known = every | around | {one.with_suffix(".html") for one in every if one.suffix == ".md"}
    return {name for name in names if not {Path(name), *Path(name).parents} & known}


def test_each_path_of_the_map_has_a_function():
    names = mapped(("deps", "outs", "metrics", "params"))
    assert len(names) > 50
    assert unknown(names) == set()


@pytest.mark.parametrize("name", ["soft", "split_file", "metrics", "teacher"])
def test_a_path_without_a_function_is_seen(monkeypatch, name):
    monkeypatch.delattr(paths, name)
    assert unknown(mapped(("deps", "outs", "metrics", "params")))


def test_the_folder_around_everything_is_no_excuse():
    assert unknown({"models/demo", "models/demo/nowhere", "data/demo/nowhere.csv"}) == {
        "models/demo",
        "models/demo/nowhere",
        "data/demo/nowhere.csv",
    }


def unmapped() -> set[str]:
    """What a function gives for the item, and dvc.yaml does not name."""
    names = {Path(name) for name in mapped(("deps", "outs", "metrics")) | UNMAPPED}
    found = {name: {one for one in every if {one, *one.parents} & names} for name, every in given().items()}
    lost = {str(one) for name in NAMES for one in given()[name] - found[name] if "before" not in one.parts}
    return lost | {name for name, every in found.items() if not every}


def test_each_function_gives_a_path_of_the_map():
    assert unmapped() == set()


def test_a_function_for_nothing_is_seen(monkeypatch):
    monkeypatch.setitem(NAMES, "page", ["data", "diary"])
    monkeypatch.setattr(paths, "notes", lambda task: Path("metrics") / task / "notes.md", raising=False)
    assert unmapped() == {"notes", "metrics/demo/diary.md"}
