"""Rasa's NLU training data: intents and their examples, out of YAML that is read event by event."""

import re
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from decant.data.bad import STRICT, BadRows
from decant.data.objects import Row
from decant.data.textlines import decoded
from decant.errors import DataError

ENTITY = re.compile(r"\[([^\[\]]*)\](?:\([^()]*\)|\{[^{}]*\})")  # [Berlin](city), [Berlin]{"entity": "city"}
EXPECTED = "expected a list nlu of {intent, examples}"


def intents(file: Path, encoding: str, bad: BadRows = STRICT) -> Iterator[Row]:
    """label (the intent), text. Synonyms, lookups and regular expressions are no examples.

    Raises DataError: not YAML, or no NLU data; the Markdown of Rasa 1 is refused by its suffix.
    """
    number, seen = 0, False
    with decoded(file, encoding, None, bad) as stream:
        try:
            for entry in entries(YAML(typ="safe", pure=True).parse(stream)):
                seen = True
                if not isinstance(entry, dict):
                    raise DataError(f"{file}: behind row {number}: found {entry!r:.60}, {EXPECTED}")
                if "intent" not in entry:
                    continue
                for text in examples(entry.get("examples")):
                    number += 1
                    yield number, {"label": str(entry["intent"]), "text": ENTITY.sub(r"\1", text)}
        except YAMLError as error:
            said = " ".join(str(error).split())[:160]
            raise DataError(f"{file}: not YAML behind row {number}: {said}. Mend that line") from None
        except ValueError as error:
            raise DataError(f"{file}: behind row {number}: {error}") from None
    if not seen:
        raise DataError(f"{file}: no NLU data of Rasa, {EXPECTED}; the other files of a project hold none")


def entries(events: Iterator) -> Iterator[object]:
    """The items of the list below the key nlu, one at a time."""
    for event in events:
        if isinstance(event, MappingStartEvent):
            break
        if isinstance(event, ScalarEvent | SequenceStartEvent):
            raise ValueError(f"no mapping, {EXPECTED}")
    for event in events:
        if isinstance(event, MappingEndEvent):
            return
        value = next(events)
        if getattr(event, "value", None) != "nlu":
            built(value, events)
        elif isinstance(value, SequenceStartEvent):
            for item in events:
                if isinstance(item, SequenceEndEvent):
                    break
                yield built(item, events)
        else:
            raise ValueError(f"nlu is no list, {EXPECTED}")


def built(event, events: Iterator) -> object:
    """The value that begins with this event: text, list or mapping."""
    if isinstance(event, AliasEvent):
        raise ValueError(f"an alias (*{event.anchor}), which is not followed; write out what it stands for")
    if isinstance(event, SequenceStartEvent):
        found = []
        for item in events:
            if isinstance(item, SequenceEndEvent):
                return found
            found.append(built(item, events))
    if isinstance(event, MappingStartEvent):
        mapping = {}
        for key in events:
            if isinstance(key, MappingEndEvent):
                return mapping
            name = built(key, events)
            mapping[str(name)] = built(next(events), events)
    return event.value


def examples(cell: object) -> list[str]:
    """Lines that begin with a dash, or a list of {text}. Raises ValueError: neither."""
    if isinstance(cell, str):
        texts = [line.strip() for line in cell.splitlines() if line.strip()]
        if odd := [text for text in texts if not text.startswith("-")]:
            raise ValueError(f"example {odd[0][:60]!r} does not begin with a dash (examples: | and lines of - text)")
        return [text.removeprefix("-").strip() for text in texts]
    if isinstance(cell, list) and all(isinstance(item, dict) and isinstance(item.get("text"), str) for item in cell):
        return [item["text"].strip().removeprefix("-").strip() for item in cell]
    raise ValueError("an intent without examples (examples: | and lines of - text)")
