"""params.yaml as it is written: what it says, and where, so that an error can show the line to write instead."""

import json
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from decant.errors import ParamsError

LARGEST = 1 << 20  # bytes: ours has 38,000, and the parser needs seven seconds for a million
DEEPEST = 40  # sections in sections; a task's deepest key is the seventh
MOST = 200_000  # values, with each alias written out: ours has 2,000, and few lines of aliases can mean billions
YAML_ORG = "tag:yaml.org,2002:"
TEXT, MERGE = f"{YAML_ORG}str", f"{YAML_ORG}merge"
READ_AS = {
    f"{YAML_ORG}{kind}": words
    for kind, words in {
        "int": "a number",
        "float": "a number",
        "bool": "true or false",
        "timestamp": "a date",
        "null": "nothing",
    }.items()
}


class Written:
    """The tree of params.yaml, and how its values are written."""

    def __init__(self, tree: dict, root: Node, text: str):
        self.tree = tree
        self._root, self._lines = root, text.splitlines()

    def unquoted(self, ways: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
        """Of values that should be texts, and are something else because no quotes stand around them: way -> what to write,
        of the first in each line; of the others in it an empty text. ways: keys and list places from the top to each value."""
        of_line: dict[int, dict[tuple[str, ...], Node]] = {}
        for way in ways:
            node = self._at(way)
            if isinstance(node, ScalarNode) and node.tag != TEXT and node.value:
                of_line.setdefault(node.start_mark.line, {})[way] = node
        told = {way: "" for found in of_line.values() for way in found}
        return told | {next(iter(found)): quoted(self._lines, list(found.values())) for found in of_line.values()}

    def of_omegaconf(self) -> list[str]:
        """A line per value that is fine here, and that OmegaConf, by which dvc changes params, takes for something else."""
        found, waiting, seen = [], [self._root], set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, ScalarNode):
                if node.value == "???" or "${" in node.value:
                    found.append((node.start_mark.line + 1, node.value))
            elif id(node) not in seen:
                seen.add(id(node))
                waiting += (
                    [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
                )
        return [
            f"line {line}: {value!r} is a missing or a computed value to OmegaConf, so that every dvc exp run -S stops. "
            "dvc repro is not concerned"
            for line, value in sorted(found)
        ]

    def _at(self, way: tuple[str, ...]) -> Node:
        """The value there, or the last one on the way to it."""
        node = self._root
        for step in way:
            if isinstance(node, MappingNode):
                inside = {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}
            elif isinstance(node, SequenceNode):
                inside = {str(place): value for place, value in enumerate(node.value)}
            else:
                break
            if step not in inside:
                break
            node = inside[step]
        return node


def read(file: Path) -> Written:
    """Raises ParamsError: missing, no YAML, or YAML that no params.yaml needs (keys that are no texts, a million lines)."""
    try:
        size = file.stat().st_size
        if size > LARGEST:
            raise ParamsError(
                f"{file}: {size:,} bytes, at most {LARGEST:,} are read. Long lists of raw labels belong into a column of the "
                "table"
            )
        # ruamel reads YAML 1.2, as dvc does: PyYAML would read 1e-3 as a string and "on" as true.
        yaml = YAML(typ="safe", pure=True)
        text = file.read_text(encoding="utf-8")
        root = yaml.compose(text)
        if root is not None:  # of a file without a word
            refuse_oddities(root, text.splitlines(), file)
        tree = None if root is None else yaml.constructor.construct_document(root)
    except FileNotFoundError:
        raise ParamsError(f"{file}: missing. Run from the repository's root") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{file}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise ParamsError(f"{file}: {too_deep()}") from None
    except (YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise ParamsError(f"{file}: not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise ParamsError(f"{file}: found {type(tree).__name__}, expected a mapping of sections")
    return Written(tree, root, text)


def refuse_oddities(root: Node, lines: list[str], file: Path) -> None:
    """Raises ParamsError: a key that is no text, values that hold themselves, or more of them than anybody writes."""
    sizes: dict[int, int] = {}  # of what is counted; 0 while it is

    def size(node: Node, depth: int) -> int:
        if isinstance(node, ScalarNode):
            return 1
        line = node.start_mark.line + 1
        if depth > DEEPEST:
            raise ParamsError(f"{file}: line {line}: {too_deep()}")
        if id(node) not in sizes:
            sizes[id(node)] = 0
            parts = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
            if isinstance(node, MappingNode):
                refuse_keys([key for key, _ in node.value], lines, file)
            sizes[id(node)] = 1 + sum(size(part, depth + 1) for part in parts)
        elif sizes[id(node)] == 0:
            raise ParamsError(f"{file}: line {line}: an alias (*) stands inside of what it means; write it out")
        return sizes[id(node)]

    if (count := size(root, 0)) > MOST:
        raise ParamsError(
            f"{file}: its aliases (*) stand for {count:.3g} values, at most {MOST:,} are read; write them out"
        )


def refuse_keys(keys: list[Node], lines: list[str], file: Path) -> None:
    """Raises ParamsError: the first key that is no text."""
    for key in keys:
        where = f"{file}: line {key.start_mark.line + 1}:"
        if not isinstance(key, ScalarNode):
            raise ParamsError(f"{where} a key is a list or a mapping itself; a key is a name, or a text in quotes")
        if key.tag not in (TEXT, MERGE) and not key.value:
            raise ParamsError(f"{where} nothing stands before the colon; a key is a name, or a text in quotes")
        if key.tag not in (TEXT, MERGE):
            raise ParamsError(f"{where} a key: {quoted(lines, [key])}")


def quoted(lines: list[str], nodes: list[Node]) -> str:
    """What is wrong with values of one line that have no quotes, and the line with them."""
    number = nodes[0].start_mark.line
    line = lines[number]
    for node in sorted(nodes, key=lambda node: -node.start_mark.column):
        start, end = node.start_mark.column, node.end_mark.column
        line = line[:start] + json.dumps(node.value, ensure_ascii=False) + line[end:]
    read = ", ".join(f"{node.value} as {READ_AS.get(node.tag, 'something else')}" for node in nodes)
    return (
        f"YAML reads {read}, where a text is meant. Put quotes around {'it' if len(nodes) == 1 else 'them'}. Line "
        + (f"{number + 1}: {line.strip()}")
    )


def too_deep() -> str:
    return f"sections in sections, more than {DEEPEST} deep; a task's deepest key is the seventh"
