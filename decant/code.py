"""What code a stage runs: its import closure, as a digest that sees every change of meaning and no other.

A stage's own module and all modules of the project that it imports, inside functions too, with the packages they lie in;
as syntax trees, so that comments, docstrings and the layout of the lines do not count. Of other packages, the version
that constraints.txt pins. Python's own library does not count: requires-python and the pins go with it.
"""

import ast
import hashlib
import json
import re
import sys
from functools import cache
from pathlib import Path

from decant.errors import CodeError

ROOT = Path(__file__).parent.parent
OURS = ("decant", "stages")
PINS = "constraints.txt"
# module -> distribution, where the names differ
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "imblearn": "imbalanced-learn",
    "ruamel": "ruamel.yaml",
    "markdown_it": "markdown-it-py",
}


def stages(root: Path = ROOT) -> list[str]:
    """The stages that have code of their own."""
    return sorted(file.stem for file in (root / "stages").glob("*.py") if file.stem != "__init__")


def digests(names: list[str], root: Path = ROOT) -> dict[str, str]:
    """Stage -> digest of its code.

    Raises CodeError: a module of the project is missing or no Python, or a package that one imports is not pinned.
    """
    parsed = cache(lambda module: read(module, root))  # most stages share most modules
    pins = _pins(root)
    return {name: _digest(f"stages.{name}", parsed, pins, root) for name in names}


def _digest(start: str, parsed, pins: dict[str, str], root: Path) -> str:
    modules, packages, waiting = {}, set(), [start]
    while waiting:
        module = waiting.pop()
        if module in modules:
            continue
        modules[module], imported = parsed(module)
        for name in imported:
            top = name.split(".")[0]
            if top in OURS:
                waiting += _with_packages(name)
            elif top not in sys.stdlib_module_names:
                packages.add((top, module))
        waiting += _with_packages(module)
    versions = sorted({_pinned(top, module, pins, root) for top, module in packages})
    content = json.dumps([sorted(modules.items()), versions])
    return hashlib.sha256(content.encode()).hexdigest()


def _with_packages(module: str) -> list[str]:
    """The module and the packages it lies in, whose __init__ runs first: a.b.c -> a, a.b, a.b.c."""
    steps = module.split(".")
    return [".".join(steps[: end + 1]) for end in range(len(steps))]


def _file(module: str, root: Path) -> Path | None:
    """Where a module of the project lies; None: there is none of that name."""
    path = root.joinpath(*module.split("."))
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def read(module: str, root: Path) -> tuple[str, tuple[str, ...]]:
    """The digest of a module's tree, and the modules that it imports."""
    file = _file(module, root)
    if file is None:
        raise CodeError(
            f"{module}: no such module in {root / module.split('.')[0]}; a stage or one of its modules imports it"
        )
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes
        raise CodeError(f"{file}:{getattr(error, 'lineno', 1)}: no Python: {error}") from None
    imported = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported += _from(node, module, file, root)
    return hashlib.sha256(json.dumps(shape(tree)).encode()).hexdigest(), tuple(imported)


def _from(node: ast.ImportFrom, module: str, file: Path, root: Path) -> list[str]:
    """What `from base import names` imports: base, and those names that are modules of the project themselves."""
    base = node.module or ""
    if node.level:
        steps = module.split(".") if file.stem == "__init__" else module.split(".")[:-1]
        base = ".".join([*steps[: len(steps) - node.level + 1], *filter(None, [base])])
    inside = [f"{base}.{alias.name}" for alias in node.names]
    return [base, *(name for name in inside if base.split(".")[0] in OURS and _file(name, root))]


def shape(node: object) -> object:
    """A syntax tree as lists and strings, without docstrings, positions, and the order of neighbouring imports.

    Fields that are empty are left out, so that a field that a later Python adds changes no digest.
    """
    if isinstance(node, ast.AST):
        fields = ((name, shape(value)) for name, value in ast.iter_fields(node) if name not in ("kind", "type_comment"))
        return [type(node).__name__, *([name, value] for name, value in fields if value not in (None, []))]
    if isinstance(node, list):
        kept = [item for item in node if not _is_text(item)]
        return (
            _imports_sorted(kept)
            if any(isinstance(item, ast.stmt) for item in kept)
            else [shape(item) for item in kept]
        )
    return None if node is None else f"{type(node).__name__} {node!r}"


def _is_text(node: object) -> bool:
    """A statement that is nothing but a string: a docstring, of a module, a class, a function or an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports_sorted(statements: list[ast.stmt]) -> list:
    """The shapes of statements, each run of imports in one order: the formatter may move them, and nothing else."""
    shapes, run = [], []
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            run += [
                [
                    type(statement).__name__,
                    getattr(statement, "module", None),
                    getattr(statement, "level", 0),
                    shape(alias),
                ]
                for alias in statement.names
            ]
            continue
        shapes += [*sorted(run, key=json.dumps), shape(statement)]
        run = []
    return [*shapes, *sorted(run, key=json.dumps)]


def _pins(root: Path) -> dict[str, str]:
    """Normalised name of a distribution -> version."""
    file = root / PINS
    if not file.is_file():
        raise CodeError(f"{file}: missing; it pins the packages that a stage's results depend on")
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    pairs = [line.partition("==") for line in lines if line]
    if loose := [name for name, equals, version in pairs if not equals or not version]:
        raise CodeError(f"{file}: {loose[0]!r} pins no version; write NAME==VERSION")
    return {normalised(name): version for name, _, version in pairs}


def normalised(name: str) -> str:
    """One spelling of a distribution's name, for Huggingface_Hub and huggingface-hub are one (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pinned(top: str, module: str, pins: dict[str, str], root: Path) -> str:
    name = normalised(DISTRIBUTIONS.get(top, top))
    if name not in pins:
        raise CodeError(
            f"{root / PINS}: no {name}, which {module} imports; pin the version that is installed ({name}==VERSION), or "
            "results would change with it and nothing would run again"
        )
    return f"{name}=={pins[name]}"
