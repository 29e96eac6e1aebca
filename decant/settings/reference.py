"""The page docs/params.md: every key of params.yaml, its type and range, its default, what it is for, and which stages read it.

    python -m decant.settings.reference > docs/params.md

What a key is for is the docstring of its attribute in the typed model, what a section is for the first line of its module;
defaults are those of params.yaml and of the model, stages those of dvc.yaml. Only the words of types and ranges are of here.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from decant import checked, paths
from decant.errors import DecantError
from decant.settings import params, written
from decant.settings.base import Distinct, Section
from decant.settings.schema import Params, Task

ROAD = Path("dvc.yaml")
REQUIRED = "required"  # in place of a default
NUMBERS = {"integer": "whole number", "number": "number"}
PATTERNS = {  # what a text looks like, in words; any other pattern is shown as it is
    "^[0-9a-f]{64}$": "sha256, 64 digits from 0 to f",
    r"^https://[^\s()|]+$": "address that begins with https://",
    r"^[\w.-]+/[\w.-]+$": "owner/name",
    r"^[a-z0-9.-]+$": "small letters, digits, . and -",
    "^([a-z]{2,3}|multilingual)$": "two or three small letters, or `multilingual`",
    r"^[^\n]*$": "text of one line",
}
INTRO = """# Every key of params.yaml

`python -m decant.settings.reference > docs/params.md` writes this page from the typed model in `decant/settings/`, from
`params.yaml` and from `dvc.yaml`, and a test compares them. So edit the docstring of a key, and not this page.

A task's block names what differs from `defaults`, section by section and key by key; null takes away a mapping that the
defaults give. "required" means that neither `defaults` nor the model has a value. `<name>` stands for a name of your own, `[]`
for each item of a list. A key that is not here, or a value that is out of its range, stops `python -m decant check` by its full
name. When a value changes, the stages that read its section run again, and no others; `check` reads the whole file each time."""


def page(file: Path = params.FILE, road: Path = ROAD) -> str:
    """The page, as Markdown. file: params.yaml, for the defaults. road: dvc.yaml, for the stages.

    Raises ParamsError: one of the two is missing, or no YAML.
    """
    defaults, readers = written.read(file).tree["defaults"], read_by(road)
    of_keys = [f"| `{key}` | {_names(readers.get(key, ()))} |" for key in Params.model_fields]
    parts = [
        INTRO,
        "## Of all tasks\n\nAt the top of the file.",
        _table(rows(Params)),
        "\n".join(["| key | stages that read it, or have one run for each of its values |", "|---|---|", *of_keys]),
        *(_section(name, field, defaults, readers.get(name, ())) for name, field in Task.model_fields.items()),
    ]
    return "\n\n".join(parts) + "\n"


def read_by(road: Path) -> dict[str, tuple[str, ...]]:
    """Key at the top of params.yaml, or section of a task -> the stages that read it or have it in their matrix, in order."""
    found: dict[str, dict[str, None]] = {}
    for stage, entry in written.read(road).tree["stages"].items():
        for declared in entry.get("do", entry).get("params", []):
            for file, keys in declared.items():
                if Path(file).parent == paths.CHECKED_FOLDER and Path(file).stem != checked.CODE:
                    for key in keys:
                        found.setdefault(key.split(".")[0], {})[stage] = None
        for values in [*entry.get("matrix", {}).values(), entry.get("foreach", "")]:
            for key in re.findall(r"^\$\{(\w+)\}$", values):
                found.setdefault(key, {})[stage] = None
    return {key: tuple(stages) for key, stages in found.items()}


def rows(model: type[Section], given: dict | None = None, prefix: str = "") -> Iterator[str]:
    """A row of the table for each key of a section, and behind it those of a section inside of it.

    given: values of `defaults` for it. prefix: what stands before each of its keys.
    """
    for name, field in model.model_fields.items():
        own = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
        value = (given or {}).get(name, own)
        yield _row(f"{prefix}{name}", field, value)
        nested, between = _inside(field.annotation)
        if nested is not None:
            yield from rows(
                nested, value if isinstance(value, dict) and not between else None, f"{prefix}{name}{between}."
            )


def words(schema: dict) -> str:
    """The type and range of a JSON schema, in words."""
    kind = schema.get("type")
    if "anyOf" in schema:
        kinds = list(dict.fromkeys(words(part) for part in schema["anyOf"]))
        if NUMBERS["number"] in kinds and NUMBERS["integer"] in kinds:  # which are numbers too
            kinds.remove(NUMBERS["integer"])
        several = _listed([each for each in kinds if each != "null"], "or")
        return f"{several}; or null" if "null" in kinds else several
    if "$ref" in schema:
        return "section"
    if "enum" in schema:
        return _listed([f"`{choice}`" for choice in schema["enum"]], "or")
    if kind == "array":
        least = schema.get("minItems")
        return f"list: {words(schema['items'])}" + (f"; at least {least}" if least else "")
    if kind == "object":
        keys = f" of {words(schema['propertyNames'])}" if "propertyNames" in schema else ""
        return f"mapping{keys} to {words(schema['additionalProperties'])}"
    if kind == "string":
        plain = "one character" if schema.get("maxLength") == 1 else "text"
        return PATTERNS.get(schema["pattern"], f"text like `{schema['pattern']}`") if "pattern" in schema else plain
    return f"{NUMBERS[kind]}{_range(schema)}" if kind in NUMBERS else {"boolean": "true or false", "null": "null"}[kind]


def _section(name: str, field: FieldInfo, defaults: dict, readers: Iterable[str]) -> str:
    """One section of a task: its heading, what it is for, who reads it, and the table of its keys."""
    model, between = _inside(field.annotation)
    stages = f"Read by {_names(readers)}."
    if model is None:  # a key without a section
        return "\n\n".join([f"## {name}", stages, _table([_row(name, field, defaults.get(name, REQUIRED))])])
    of_module = re.sub(
        r": the (section|key|entries of) .*", ".", inspect.getdoc(inspect.getmodule(model)).splitlines()[0]
    )
    about = " ".join(_prose(text) for text in (of_module, field.description, model.__doc__) if text)
    prefix = f"{between.removeprefix('.')}." if between else ""
    parts = [f"## {name}", about, stages, _table(rows(model, None if between else defaults.get(name), prefix))]
    if between and defaults.get(name):
        parts.append(f"`defaults` has {_names(defaults[name])}.")
    return "\n\n".join(parts)


def _row(key: str, field: FieldInfo, value: object) -> str:
    kind = words(TypeAdapter(Annotated[field.annotation, field]).json_schema())
    kind += ", none twice" if Distinct in field.metadata else ""
    plain = value.model_dump(exclude_defaults=True) if isinstance(value, Section) else value
    shown = REQUIRED if value is REQUIRED else f"`{json.dumps(plain, ensure_ascii=False)}`"
    cells = (f"`{key}`", kind, shown, _prose(field.description or ""))
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"


def _table(lines: Iterable[str]) -> str:
    return "\n".join(["| key | type and range | default | what it is for |", "|---|---|---|---|", *lines])


def _inside(annotation: object) -> tuple[type[Section] | None, str]:
    """The section in an annotation, and what stands before its keys: .<name> in a mapping, [] in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, ""
    for part in get_args(annotation):
        found, between = _inside(part)
        if found is not None:
            return found, {dict: ".<name>", list: "[]"}.get(get_origin(annotation), "") + between
    return None, ""


def _range(schema: dict) -> str:
    """The range of a number, as it stands behind its type."""
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']:g} to {schema['maximum']:g}"
    signs = {"minimum": "{:g} or more", "exclusiveMinimum": "over {:g}", "maximum": "at most {:g}"}
    signs |= {"exclusiveMaximum": "below {:g}"}
    found = [sign.format(schema[name]) for name, sign in signs.items() if name in schema]
    return f", {' and '.join(found)}" if found else ""


def _prose(docstring: str) -> str:
    """A docstring as Markdown: outside of backticks a <task> is no tag, and neither a star nor a bracket is a sign."""
    parts = " ".join(docstring.split()).split("`")
    parts[::2] = [re.sub(r"([*\[])", r"\\\1", part.replace("&", "&amp;").replace("<", "&lt;")) for part in parts[::2]]
    return "`".join(parts)


def _names(names: Iterable[str]) -> str:
    return _listed([f"`{name}`" for name in names], "and")


def _listed(names: list[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


if __name__ == "__main__":
    try:
        sys.stdout.write(page())
    except DecantError as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)
