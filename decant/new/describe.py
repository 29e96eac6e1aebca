"""What a table teaches, as sections of a task's block: source, heads and decision."""

import glob
from collections import Counter
from collections.abc import Iterable

from decant.data.labels import raw_labels
from decant.heads import KINDS
from decant.new.blocks import Block
from decant.new.call import Call
from decant.new.columns import Column
from decant.new.crowd import tied
from decant.new.naming import classes_of, head_name
from decant.new.roles import Roles
from decant.new.spelling import forms, merged
from decant.new.targets import Target, inner
from decant.new.trial import of
from decant.new.votes import Votes


def describe(block: Block, roles: Roles, files: dict[str, str], call: Call) -> list[str]:
    """source, heads and decision. files: split -> file that is named so. Returns warnings. Asks: splits in two places."""
    if roles.id is not None:
        block.put("source", "id", value=roles.id, note="unique")
    block.put("source", "text", value=roles.text[0] if len(roles.text) == 1 else roles.text, note="what is classified")
    taken, heads, warnings = set(), {}, []
    for target in roles.targets:
        name = head_name(target, heads)
        heads[name] = target.kind
        warnings += teach(block, name, target, taken, call)
    ignored = Counter()
    for target in roles.targets:
        for column in target.columns if KINDS[target.kind].least else ():
            ignored.update(column.nulls)
    if ignored:
        note = "words that stand for no label, by name or wildcard"
        block.put("source", "ignore", value=[glob.escape(word) for word in sorted(ignored)], note=note)
        shown = ", ".join(f"{word!r} ({of(rows)})" for word, rows in ignored.most_common())
        warnings.append(
            f"{shown} stand for no label; if one of them is a class, run: {call.instead(nulls=False, null=[])}"
        )
    deciding = next(name for name, kind in heads.items() if KINDS[kind].rule)
    rule = {"rule": KINDS[heads[deciding]].rule, "head": deciding}
    block.put("decision", value=rule, note="the likeliest" if rule["rule"] == "argmax" else "each over its threshold")

    if files and roles.split_column is not None:
        call.ask(
            f"split: column {roles.split_column} and the names of the files could be meant; leave the column out with --ignore "
            f"{roles.split_column}, or both with --no-splits",
            "--ignore", roles.split_column,
        )  # fmt: skip
    if roles.split_column is not None:
        block.put("source", "splits", value={"column": roles.split_column, "values": roles.split}, note="as given")
    elif files:
        block.put("source", "splits", value={"files": files}, note="by name")
        print(f"split: {', '.join(f'{split}: {file}' for split, file in files.items())} (their names)")
    if roles.time is not None:
        block.put("source", "time", value={"columns": [roles.time]}, note="when it was written; for split.order: time")
    if roles.group is not None:
        block.put("source", "group", value={"columns": [roles.group]}, note="whose rows share a split")
    return warnings


def teach(block: Block, name: str, target: Target, taken: set[str], call: Call) -> list[str]:
    """source.labels and heads for one head. Returns warnings."""
    first, warnings, nulls = target.columns[0], [], call.nulls  # words for nothing may stand in a list too
    kind = KINDS[target.kind]
    note = ("any of them" if kind.several else "one of them") if kind.least else "a number"
    if not kind.least:
        block.put("source", "labels", name, value={"column": first.name}, note=note)
        block.put("heads", name, value={"kind": target.kind}, note=note)
        return []
    if len(target.columns) > 1:
        columns = dict(zip(inner([column.name for column in target.columns]), target.columns, strict=True))
        classes = {label: raws[0] for label, raws in classes_of(name, columns, taken, fold=False).items()}
        block.put("source", "labels", name, "columns",
                  value={label: columns[raw].name for label, raw in classes.items()},
                  note="class: its column of true and false")  # fmt: skip
    else:
        rows = Counter()
        for cell, times in first.values.items():
            raws = raw_of(first, cell, target.separator)
            rows.update(dict.fromkeys(raws - nulls, times))
            first.nulls.update(dict.fromkeys(raws & nulls, times))
        classes = classes_of(name, [raw for raw, _ in rows.most_common()], taken)
        block.put("source", "labels", name, "column", value=first.name, note=f"{len(rows)} different labels")
        if target.separator:
            block.put(
                "source", "labels", name, "separator", value=target.separator, note="between the labels of a cell"
            )
        if first.votes:
            warnings += annotated(block, name, first, tied(first, classes, kind.several), call)
        if any(raws != [label] for label, raws in classes.items()):
            block.put("source", "labels", name, "classes", value=classes, note="class: raw labels that mean it")
        warnings += spelt(name, classes, rows)
        # nothing, null and an empty list say the same: none of several labels, or no label where there has to be one
        bare = first.empty + sum(
            rows for cell, rows in first.values.items() if not raw_of(first, cell, target.separator) - nulls
        )
        if bare and kind.several:
            none = f"{of(bare)} with none of the labels; drop, if they were never labelled"
            block.put("source", "labels", name, "unlabelled", value="allow", note=none)
            warnings.append(
                f"{of(bare)} with nothing in {first.name} count as none of its labels; if they were never labelled, set "
                f"source.labels.{name}.unlabelled: drop"
            )
        elif bare:
            block.put("source", "labels", name, "unlabelled", value="drop", note=f"{of(bare)} without a label")
            warnings.append(f"{of(bare)} with nothing in {first.name}, left out")
    block.notes["source", "labels", name] = f"{len(classes)} classes, {note}"
    block.put("heads", name, value={"kind": target.kind, "labels": list(classes)}, note=note)
    return warnings


def annotated(block: Block, name: str, column: Column, ties: int, call: Call) -> Iterable[str]:
    """source.labels.<head>.annotators. ties: rows whose votes are tied. Returns warnings."""
    user, label = next(iter(column.votes))
    value = {key: field for key, field in (("user", user), ("label", label)) if field != key}
    if ties:
        value["ties"] = call.choices.ties or "drop"
    block.put(
        "source",
        "labels",
        name,
        "annotators",
        value=value,
        note="several people: the class that most of them give; vote: soft learns the share of each",
    )
    if not ties:
        return
    if value["ties"] == "drop":
        yield (
            f"{of(ties)} whose votes are tied, left out. For the tied class that stands first in heads.{name}.labels, run: "
            f"{call.again('--ties', 'first')}"
        )
    else:
        yield f"{of(ties)} whose votes are tied get the first of these classes; to leave them out, run: {call.instead(ties=None)}"


def raw_of(column: Column, cell: object, separator: str | None) -> frozenset[str]:
    """The raw labels of one of a column's values."""
    if isinstance(cell, Votes):
        return frozenset(label for raw in cell.labels for label in raw_labels(column.name, raw, None))
    return raw_labels(column.name, list(cell) if isinstance(cell, tuple) else cell, separator)


def spelt(head: str, classes: dict[str, list[str]], rows: Counter) -> Iterable[str]:
    """Warnings about labels that look alike, and about those that a tool of dvc cannot read."""
    for label, raws in classes.items():
        if len(raws) > 1:
            yield merged(label, raws, rows, f"source.labels.{head}.classes and heads.{head}.labels")
    apart = alike_apart(classes)
    if apart:
        yield f"classes {' and '.join(map(repr, apart))} differ in case or the like alone; they stay apart, for there is no other"
    odd = [raw for raw in rows if raw == "???" or "${" in raw]
    if odd:
        names = ", ".join(map(repr, odd))
        yield (
            f"{names}: dvc exp run -S cannot read a params.yaml that holds such a label (to OmegaConf it is a gap, or the name of "
            "another key). dvc repro can; rename it in the table if you want experiments"
        )


def alike_apart(classes: dict[str, list[str]]) -> list[str]:
    """The classes, where they are all one word but for their case or the like."""
    raws = [raw for several in classes.values() for raw in several]
    return raws if len(classes) > 1 and len({forms(raw)["case"] for raw in raws}) == 1 else []
