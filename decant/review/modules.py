"""Which code of a stage differs between two trees of the project: module by module, and in each by definition.

`decant.code` has one digest for a stage, which says that something changed and not what. Here the same modules are followed
in both trees, and those that differ are compared definition by definition, by the same rules: comments, docstrings and
layout do not count.
"""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from decant import code

BODY, IMPORTS = "what it does when it is imported", "its imports"


class Code(NamedTuple):
    """What a stage runs, in one tree."""

    modules: dict[str, str]  # module -> digest of its syntax
    packages: dict[str, str]  # package that they import -> version that constraints.txt pins


def of_stage(stage: str, root: Path, read: Callable = code.read) -> Code:
    """The modules of the project that a stage imports, and the packages. root: where decant/ and stages/ lie. read: as
    `code.read`, which may remember what it has read, for most stages share most modules.

    Raises CodeError: a module is missing, or no Python.
    """
    modules, packages, waiting = {}, set(), [f"stages.{stage}"]
    while waiting:
        module = waiting.pop()
        if module in modules:
            continue
        modules[module], imported = read(module, root)
        for name in [module, *imported]:
            top = name.split(".")[0]
            if top in code.OURS:
                steps = name.split(".")
                waiting += [".".join(steps[: end + 1]) for end in range(len(steps))]  # the packages it lies in run too
            elif top not in sys.stdlib_module_names:
                packages.add(code.normalised(code.DISTRIBUTIONS.get(top, top)))
    pins = pinned(root)
    return Code(modules, {name: pins.get(name, "none") for name in sorted(packages)})


def pinned(root: Path) -> dict[str, str]:
    """Package -> version, as constraints.txt has them."""
    lines = (line.split("#")[0].strip() for line in (root / code.PINS).read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("==") for line in lines if line)
    return {code.normalised(name): version for name, _, version in pairs}


def file_of(module: str, root: Path) -> Path:
    """Where a module lies below the root."""
    folder = Path(*module.split("."))
    return folder / "__init__.py" if (root / folder).is_dir() else folder.with_suffix(".py")


def differing(stage: str, old: Path, new: Path, read: Callable = code.read) -> list[str]:
    """One line per module and package in which the code of a stage differs between two trees. read: as of `of_stage`.

    Raises CodeError: one of them cannot be followed.
    """
    before, now = (of_stage(stage, root, read) for root in (old, new))
    lines = []
    for module in sorted(before.modules | now.modules):
        if module not in now.modules:
            lines.append(f"{file_of(module, old).as_posix()}: is no longer imported")
        elif module not in before.modules:
            lines.append(f"{file_of(module, new).as_posix()}: is imported now")
        elif before.modules[module] != now.modules[module]:
            sources = [(root / file_of(module, root)).read_bytes() for root in (old, new)]
            lines.append(f"{file_of(module, new).as_posix()}: {'; '.join(changes(*sources))}")
    for name in sorted(before.packages | now.packages):
        versions = before.packages.get(name), now.packages.get(name)
        if None in versions:
            lines.append(f"package {name}: is {'no longer' if versions[1] is None else 'now'} imported")
        elif versions[0] != versions[1]:
            lines.append(f"package {name}: from {versions[0]} to {versions[1]}")
    return lines


def changes(old: bytes, new: bytes) -> list[str]:
    """What differs in a module, as words: "function f changed", "constant N added"."""
    before, now = definitions(old), definitions(new)
    found = {
        "changed": [name for name in now if name in before and before[name] != now[name]],
        "added": [name for name in now if name not in before],
        "removed": [name for name in before if name not in now],
    }
    if any(set(names) - {IMPORTS} for names in found.values()):  # which need what they import
        found = {how: [name for name in names if name != IMPORTS] for how, names in found.items()}
    words = [f"{', '.join(names)} {how}" for how, names in found.items() if names]
    return words or ["the order of its definitions changed"]


def definitions(source: bytes) -> dict[str, str]:
    """Kind and name of each definition at the top of a module, and of each in its classes -> its syntax."""
    found: dict[str, list[str]] = {}
    collect(ast.parse(source).body, "", found)
    # imports stand in any order, as they do in the digest
    return {name: "".join(sorted(parts) if name == IMPORTS else parts) for name, parts in found.items()}


def collect(body: list[ast.stmt], inside: str, found: dict[str, list[str]]) -> None:
    """Add what a body defines. inside: "" or the name of its class with a dot."""
    for node in body:
        parts = [node]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [f"function {inside}{node.name}"]
        elif isinstance(node, ast.ClassDef):
            names = [f"class {inside}{node.name}"]
            collect(node.body, f"{inside}{node.name}.", found)
            parts = [*node.decorator_list, *node.bases, *node.keywords]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [IMPORTS]
        elif targets := assigned(node):
            names = [f"{'field' if inside else 'constant'} {inside}{target}" for target in targets]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue  # a docstring
        else:
            names = [f"the body of class {inside[:-1]}" if inside else BODY]
        for name in names:
            found.setdefault(name, []).append(json.dumps([code.shape(part) for part in parts]))


def assigned(node: ast.stmt) -> list[str]:
    """The names that a statement assigns; none, where it assigns to something else, or nothing."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    inside = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [target.id for target in inside if isinstance(target, ast.Name)]
