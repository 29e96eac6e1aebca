"""A batch of raw rows -> rows of the prepared table: one recipe, run in as many processes as there are cores.

Everything here looks at one batch alone; what concerns the whole table is in stages/prepare.py.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from decant import decision, tables, text
from decant.data import answered
from decant.data.annotators import soft, vote
from decant.data.batch import Batch
from decant.data.corrections import Corrections
from decant.data.ids import Known, identities
from decant.data.labels import held, label_columns
from decant.data.lexical import Lexer
from decant.data.slices import times, values
from decant.decision import Rule
from decant.errors import DataError
from decant.heads import Head
from decant.paths import SPLITS
from decant.settings.source import Source


@dataclass
class CleanRows:
    """What one batch became."""

    table: pa.Table
    counts: Counter  # what happened to the rows and words; seen_: rows with a value, per slice and group
    lost: Counter  # tokens that the linear text lost
    hashes: dict[str, np.ndarray]
    """id: of every row; text and answer of the rows that stay, with their split (an index) and words (a number)."""
    answers: dict[int, tuple[str, ...]]  # hash -> the classes of an answer
    corrected: list[tuple[str, str]]  # (id, head) of labels that a person has corrected
    ballots: Counter = field(default_factory=Counter)  # how annotators voted, `decant.data.annotators`


@dataclass
class Recipe:
    """How raw rows become rows of the table; plain data, so that it can be sent to other processes."""

    folder: Path
    source: Source
    heads: tuple[Head, ...]
    rule: Rule
    cleaning: dict
    linear: dict
    given: Known | None
    """The ids that split files name; null where ids decide nothing."""
    several: bool
    """CleanRows come from more than one file, so that row numbers alone are no ids."""
    corrections: Corrections = field(default_factory=Corrections)

    @cached_property
    def classes(self) -> list[str]:
        return decision.classes(self.rule, self.heads)

    @cached_property
    def needed(self) -> set[str]:
        """Raw columns that the table is made of."""
        source = self.source
        names = {source.text} if isinstance(source.text, str) else set(source.text)
        names |= {
            name for entry in source.labels.values() for name in [entry.column, *(entry.columns or {}).values()] if name
        }
        for entry in (*source.slices.values(), source.group, source.time):
            names |= set(entry.columns) if entry else set()
        return names | {name for name in (source.id, source.splits and source.splits.column) if name}

    @cached_property
    def schema(self) -> pa.Schema:
        kinds = {"id": pa.string(), "text": pa.string(), "linear": pa.string(), "answer": pa.string()}
        for head in self.heads:
            kinds |= dict.fromkeys(head.columns, pa.type_for_alias(head.cells))
            kinds |= {head.shares: pa.list_(pa.float32())} if soft(self.source.labels[head.name]) else {}
        kinds |= dict.fromkeys(self.source.slices, pa.string())
        kinds |= {"group": pa.string()} if self.source.group else {}
        kinds |= {"time": pa.timestamp("us", "UTC")} if self.source.time else {}
        kinds |= {"has_url": pa.bool_(), "split": pa.string(), "raw": pa.string(), "length": pa.int64()}
        return pa.schema(kinds)

    def worker(self) -> Callable[[Batch], CleanRows]:
        """The function that turns a batch into rows; it holds tokenizer and stems, which no process can send."""
        linear = Lexer(self.linear)
        return lambda batch: self.rows(batch, linear)

    def start(self) -> None:
        """Make this process ready for `run`."""
        global _work
        _work = self.worker()

    @staticmethod
    def run(batch: Batch) -> CleanRows:
        return _work(batch)

    def rows(self, batch: Batch, linear: Lexer) -> CleanRows:
        """Raises DataError with the first row that is not what params say."""
        source, counts = self.source, Counter({"rows_raw": len(batch), "rows_empty": 0, "rows_unlabelled": 0})
        columns: dict[str, list | np.ndarray] = {"id": identities(batch, source, self.folder if self.several else None)}
        ids = tables.hashes(columns["id"])
        columns["raw"] = texts(batch, source)
        labelled, ballots, corrected = np.ones(len(batch), dtype=bool), Counter(), []
        for head in self.heads:
            if source.labels[head.name].annotators:
                voted = vote(batch, head, self.heads, source)
                head_columns, has_label = voted.columns, voted.stays
                head_columns |= {head.shares: voted.shares} if soft(source.labels[head.name]) else {}
                counts[f"tied:{head.name}"] = voted.tied
                ballots += voted.ballots
            else:
                head_columns, has_label = label_columns(batch, head, self.heads, source)
            corrected += self.corrections.apply(columns["id"], head, head_columns, has_label)
            columns |= head_columns
            labelled &= has_label
        for name, entry in source.slices.items():
            columns[name] = values(batch, entry, f"slices.{name}")
            counts[f"seen_slices.{name}"] = sum(map(bool, columns[name]))
        if source.group:
            columns["group"] = values(batch, source.group, "group")
            counts["seen_group"] = sum(map(bool, columns["group"]))
        if source.time:
            columns["time"] = times(batch, source.time)
        columns["split"] = self.splits(batch, columns["id"], counts)
        columns["has_url"] = [text.has_url(cell) for cell in columns["raw"]]  # before cleaning drops links
        columns["text"] = self.clean(columns["raw"], counts)

        written = np.array([bool(cell.strip()) for cell in columns["text"]])
        counts["rows_empty"] = int((~written).sum())
        counts["rows_unlabelled"] = int((written & ~labelled).sum())
        stays = written & labelled
        if not stays.all():
            chosen = np.flatnonzero(stays)
            columns = {name: [column[row] for row in chosen] for name, column in columns.items()}
        for head in self.heads:
            counts.update(held(head, columns))
        linear.counts.clear()
        linear.lost.clear()
        columns["linear"] = [linear(cell) for cell in columns["text"]]
        counts["content_words"] = linear.counts["content_words"]
        counts.update({f"linear_{step}:content_words_after": linear.counts[step] for step in linear.steps})
        columns["length"] = [len(cell) for cell in columns["text"]]
        answers = self.answers(columns)
        columns["answer"] = [answered.joined(names) for names in answers]
        hashes = {
            "id": ids,
            "text": tables.hashes([text.normal_form(cell) for cell in columns["text"]]),
            "answer": tables.hashes(["\0".join(names) for names in answers]),
            "split": np.array([SPLITS.index(split) if split else -1 for split in columns["split"]], dtype=np.int8),
            "words": np.array([text.words(cell) for cell in columns["text"]], dtype=np.int32),
        }
        of_hash = dict(zip(hashes["answer"].tolist(), answers, strict=True))
        table = pa.table({name: columns[name] for name in self.schema.names}, schema=self.schema)
        lost = Counter(dict(linear.lost.most_common(100)))
        return CleanRows(table, counts, lost, hashes, of_hash, corrected, ballots)

    def clean(self, raw: list[str], counts: Counter) -> list[str]:
        sizes = [text.words(cell) for cell in raw]
        counts["words_raw"] = sum(sizes)
        for name, step in text.steps(self.cleaning):
            cleaned = [step(cell) for cell in raw]
            changed = [row for row, (before, after) in enumerate(zip(raw, cleaned, strict=True)) if before != after]
            for row in changed:
                sizes[row] = text.words(cleaned[row])
            counts[f"clean_{name}:rows_changed"] = len(changed)
            counts[f"clean_{name}:words_after"] = sum(sizes)
            raw = cleaned
        return raw

    def answers(self, columns: dict) -> list[tuple[str, ...]]:
        """The gold answer of each row by the decision rule: the classes that hold, one unless the rule is thresholds."""
        frame = pd.DataFrame({name: columns[name] for name in ["id", *tables.columns(self.heads)]})
        gold = decision.gold(self.rule, self.heads, tables.targets(frame, self.heads, str(self.folder)))
        memo: dict[bytes, tuple[str, ...]] = {}
        result = []
        for row in gold:
            key = row.tobytes()
            if key not in memo:
                memo[key] = tuple(name for name, holds in zip(self.classes, row, strict=True) if holds)
            result.append(memo[key])
        return result

    def splits(self, batch: Batch, ids: list[str], counts: Counter) -> list[str]:
        """The split that the data names for each row, empty where the split stage is to choose."""
        given = self.source.splits
        if given is None:
            return [""] * len(batch)
        if given.ids is not None:
            splits = [SPLITS[split] if split >= 0 else None for split in self.given.find(ids)]
            counts["rows_named"] = sum(split is not None for split in splits)
        elif given.files is not None:
            inside = [name for name, file in given.files.items() if batch.file.is_relative_to(self.folder / file)]
            splits = [inside[0] if inside else None] * len(batch)
        else:
            of: dict[str, str] = {}
            for name, known in given.values.items():
                for value in known:
                    if of.setdefault(value, name) != name:
                        raise DataError(
                            f"source.splits.values: {value!r} stands for {of[value]} and {name}; one of them"
                        )
            splits = [of.get(str(value)) for value in batch.column(given.column)]
        splits = [split or given.rest for split in splits]
        if None in splits:
            row = splits.index(None)
            raise DataError(
                f"{batch.place(row)}: id {ids[row]!r} is in no split that source.splits gives, and source.splits.rest names "
                "none for it"
            )
        return splits


def texts(batch: Batch, source: Source) -> list[str]:
    """The text of every row, "" where it has none; several columns are joined, the empty ones left out."""
    names = [source.text] if isinstance(source.text, str) else source.text
    columns = {name: batch.column(name) for name in names}
    for name, column in columns.items():
        for row, value in enumerate(column):
            # a cell of a sheet that looks like a number is one, in every other format it is an error
            if not isinstance(value, str) and not empty(value):
                raise DataError(f"{batch.place(row)}: text in column {name!r} is {value!r}, expected a string")
    parts = [["" if empty(value) else value for value in column] for column in columns.values()]
    if len(names) == 1:
        return parts[0]
    return [source.joiner.join(filter(None, cells)) for cells in zip(*parts, strict=True)]


def empty(value: object) -> bool:
    """A null of JSON or Parquet; such a row is counted as empty, as one of CSV is."""
    return value is None or value != value
