"""A task's block as text in params.yaml: each key with its comment, appended without touching what is there."""

import re
import tempfile
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode, SequenceNode
from ruamel.yaml.representer import SafeRepresenter

from decant.errors import ParamsError
from decant.settings.params import FILE, TaskParams, read

WIDTH = 116  # of a line, where the value has items to break at
OLD = {"yes", "no", "on", "off", "y", "n"}  # no strings to readers of YAML 1.1
HIDDEN = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
PLAIN = re.compile(
    r"[^\W_][\w /()+.-]*(?<! )|[_]\w*"
)  # strings that need no quotes, unless they are a number or a word of YAML


@dataclass
class Block:
    """What one task sets, section by section, and the comment of every key that has a line of its own."""

    name: str
    tree: dict = field(default_factory=dict)
    notes: dict[tuple[str, ...], str] = field(default_factory=dict)

    def put(self, *path: str, value: object, note: str) -> None:
        """Set the key at `path`; its parents are made where they are missing."""
        tree = self.tree
        for step in path[:-1]:
            tree = tree.setdefault(step, {})
        tree[path[-1]] = value
        self.notes[path] = note

    def text(self) -> str:
        head = f"{flow(self.name)}:  # proposed by python -m decant new: read it before you build it"
        return "\n".join([head, *self._lines(self.tree, ())]) + "\n"

    def _lines(self, tree: dict, parents: tuple[str, ...]) -> list[str]:
        lines = []
        for key, value in tree.items():
            path = (*parents, key)
            pad, note = "  " * len(path), f"  # {self.notes[path]}" if self.notes.get(path) else ""
            line = f"{pad}{flow(key)}: {flow(value)}{note}"
            noted = any(other[: len(path)] == path != other for other in self.notes)
            if noted or (isinstance(value, dict) and any(len(flow(entry)) > WIDTH for entry in value.values())):
                lines += [f"{pad}{flow(key)}:{note}", *self._lines(value, path)]
            elif len(line) > WIDTH and isinstance(value, dict | list):
                lines += [f"{pad}{flow(key)}:{note}", *wrapped(value, f"{pad}  ")]
            else:
                lines.append(line)
        return lines


class Safe(SafeRepresenter):
    """Quotes every string that is not plain words: [???] and [? x] would be written bare, and read as something else."""

    def text(self, value: str) -> ScalarNode:
        bare = PLAIN.fullmatch(value) and value.lower() not in OLD
        style = None if bare else "'" if value.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Safe.add_representer(str, Safe.text)


def flow(value: object) -> str:
    """A value as YAML in one line."""
    yaml, stream = YAML(typ="safe", pure=True), StringIO()
    yaml.Representer = Safe
    yaml.default_flow_style, yaml.width, yaml.sort_base_mapping_type_on_output = True, 1 << 30, False
    bare = not isinstance(value, dict | list)  # alone, a scalar would end with a mark of the document's end
    yaml.dump([value] if bare else value, stream)
    # what cannot be seen stands in double quotes, where it may be written by its number
    text = "".join(f"\\u{ord(sign):04x}" if HIDDEN.match(sign) else sign for sign in stream.getvalue().strip())
    return text[1:-1] if bare else text


def wrapped(value: dict | list, pad: str) -> list[str]:
    """A long list or mapping as YAML, as many items a line as fit."""
    many = isinstance(value, dict)
    items = (
        [f"{flow(key)}: {flow(entry)}" for key, entry in value.items()] if many else [flow(entry) for entry in value]
    )
    lines, line = [], f"{pad}{'{' if many else '['}"
    for item in items:
        if len(line) + len(item) > WIDTH and line.endswith(" "):
            lines.append(line.rstrip())
            line = f"{pad} "
        line += f"{item}, "
    return [*lines, f"{line[:-2]}{'}' if many else ']'}"]


def appended(before: bytes, block: Block, build: bool) -> bytes:
    """params.yaml with the block at its end, and with its name in `tasks` if it is to be built.

    Raises ParamsError: `tasks` is no list.
    """
    text = before if before.endswith(b"\n") else before + b"\n"
    return (listed(text, block.name) if build else text) + b"\n" + block.text().encode()


def listed(before: bytes, name: str) -> bytes:
    """params.yaml with one more name in `tasks`, in one line or a line for each, and all else as it was.

    Raises ParamsError: `tasks` is no list.
    """
    text = before.decode()
    root = YAML(typ="safe", pure=True).compose(text)
    tasks = next((value for key, value in root.value if key.value == "tasks"), None)
    if not isinstance(tasks, SequenceNode):
        raise ParamsError(f"{FILE}: tasks is no list of names; write it as tasks: [{flow(name)}]")
    if not tasks.value:
        place, more = tasks.start_mark.index + 1, flow(name)  # after the bracket
    elif tasks.flow_style:
        place, more = tasks.value[-1].end_mark.index, f", {flow(name)}"
    else:
        end = text.find("\n", tasks.value[-1].end_mark.index)
        place, more = end if end >= 0 else len(text), f"\n{' ' * tasks.start_mark.column}- {flow(name)}"
    return (text[:place] + more + text[place:]).encode()


def checked(content: bytes, block: Block, build: bool) -> TaskParams:
    """The block's settings out of a params.yaml of these bytes, which need not be there.

    Raises ParamsError: the file would not be valid, or would hold something else than the block.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE.name
        file.write_bytes(content)
        try:
            p = read(block.name, file)
        except ParamsError as error:
            said = str(error).replace(str(file), str(FILE))
            raise ParamsError(
                f"{said} (of the block that the table would get: rename columns or labels in it)"
            ) from None
    if YAML(typ="safe", pure=True).load(block.text())[block.name] != block.tree or (
        build and block.name not in p.tasks
    ):
        raise ParamsError(
            f"{FILE}: {block.name}: a name in the table cannot be written there; rename columns or labels"
        )
    return p
