"""What a stage's code really needs, read from its source: project modules (transitively) and params sections."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def modules(file: str) -> set[str]:
    """Project files that `file` imports, directly or through another, without itself."""
    found: set[str] = set()
    queue = [file]
    while queue:
        for name in imported(ROOT / queue.pop()):
            if name not in found and name != file:
                found.add(name)
                queue.append(name)
    return found


def imported(file: Path) -> set[str]:
    """Files of decant/ and stages/ that one file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    paths = {name.replace(".", "/") + ".py" for name in names if name.split(".")[0] in ("decant", "stages")}
    return {path for path in paths if (ROOT / path).exists()}


def sections(file: str) -> set[str]:
    """Attributes that a stage reads of `p`, its checked params (p.encoder is the catalogue's entry)."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {
        node.attr for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "p"
    }  # fmt: skip
