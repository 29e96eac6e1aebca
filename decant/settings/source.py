"""Where a task's rows come from, and what their columns mean: the section source.

Everything between a raw file and the prepared table that a user can say lies here; `decant.data.rawfiles` reads the files,
`decant.data.labels` applies the taxonomy.
"""

import codecs
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from decant.settings.base import Ordered, Section, Share
from decant.settings.database import is_database, parsed, shown

SplitName = Literal["train", "valid", "calib", "test"]
Format = Literal[
    "csv",
    "tsv",
    "jsonl",
    "parquet",
    "xlsx",
    "json",
    "fasttext",
    "trec",
    "folders",
    "lines",
    "label_studio",
    "doccano",
    "prodigy",
    "rasa",
]
"""How raw files are written, and the columns that come of it; a file may be packed (.gz, .zst), and a ZIP archive is read as
a folder.

csv, tsv, xlsx: a header and cells. jsonl: an object a line. parquet: its columns.
json: one array of objects, or an object of arrays, whose key is in the column `split`. Rows that are lists have the columns
that `header` names; lists of two are `text` and `label`.
fasttext: `__label__x __label__y text` a line: `label` (a list), `text`.
trec: `LABEL:fine text` a line: `label` (LABEL), `fine` (LABEL:fine), `text`.
folders: a folder per class with a file per text: `label`, `text`, `file` (its path, fit for an id), `split` (the folders
around that of the class).
lines: train_text.txt beside train_labels.txt, a text and a label a line, and mapping.txt (number, tab, name) if labels are
numbers: `label`, `text`, `split` (train).
label_studio: its JSON export: `task`, the fields of its data, and each of its choices under the name of its control.
doccano: its JSON Lines: its fields, `text` and `label` among them.
prodigy: its JSON Lines: its fields; `label` is what was accepted, "not x" where x was rejected, a list where several could be
chosen, and empty where the answer was ignore.
rasa: NLU training data in YAML: `label` (the intent), `text` (without the marks of entities).
"""


class Annotators(Section):
    """The label column holds a list of {user, label}, one for each annotator; the class that most of them give is the row's."""

    vote: Literal["majority", "soft"] = "majority"
    """What train rows teach: the class that most give, or the share of the annotators behind each (a soft label). Rows are
    chosen, split and judged by the class that most give either way."""

    user: str = "user"
    """Field that names the annotator."""
    label: str = "label"
    """Field with his label, or his list of labels."""
    ties: Literal["fail", "drop", "first"] = "fail"
    """Rows whose votes are tied: stop, leave them out and count them, or take the tied class that stands first in the head's
    labels (sigmoid: a label that half of the annotators give does not hold)."""


class Labels(Section):
    column: str | None = None
    """Raw column that holds the label, a list of labels, or a number for a regression head."""
    columns: Ordered[str, str] | None = None
    """Raw label -> boolean column that says whether it holds; a regression head takes how many of them hold."""
    separator: str | None = None
    """Splits one cell into several labels, e.g. "|"."""
    classes: Ordered[str, list[str]] | None = None
    """Class of the head -> raw labels that mean it, tried in this order (priority); null: raw labels are the classes."""
    otherwise: str | None = None
    """Class of a row that has labels, or none, but none that a class claims."""
    annotators: Annotators | None = None
    """Several people have labelled each row: how their labels become one; {} takes them as {user, label} by majority."""
    unlabelled: Literal["fail", "drop", "allow"] | None = None
    """Rows that no class claims: stop, drop and count them, or (sigmoid) let them have none. Null: allow for a sigmoid
    head, fail for a softmax head."""

    @model_validator(mode="after")
    def _one_place(self):
        if (self.column is None) == (self.columns is None):
            raise ValueError("labels come from column or from columns; give one of the two")
        if self.columns is not None and (self.separator or not self.columns):
            raise ValueError("columns needs at least one boolean column, and no separator")
        if self.annotators and (self.columns is not None or self.separator):
            raise ValueError("annotators belong to a column of lists, without a separator")
        if self.otherwise and self.unlabelled:
            raise ValueError("otherwise gives every row a class, so unlabelled has nothing to decide")
        return self


class Slice(Section):
    columns: Annotated[list[str], Field(min_length=1)]
    """Raw columns, the first with a value wins."""
    pattern: str | None = None
    """Regular expression whose first group is the value."""

    @field_validator("pattern")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        if not groups:
            raise ValueError(f"{pattern!r} has no group (...) to take the value from")
        return pattern


class GivenSplits(Section):
    ids: Ordered[SplitName, str] | None = None
    """Split -> raw file with the ids of its rows, in a column named as source.id (id, where rows are numbered)."""
    files: Ordered[SplitName, str] | None = None
    """Split -> file of source.files whose rows are the split."""
    column: str | None = None
    """Raw column that names the split; `values` says how."""
    values: Ordered[SplitName, list[str]] | None = None
    """Split -> values of that column."""
    rest: SplitName | None = None
    """Split of the rows that nothing above names; null refuses such rows."""

    @model_validator(mode="after")
    def _one_way(self):
        if sum(way is not None for way in (self.ids, self.files, self.column)) != 1:
            raise ValueError("splits are given by ids, by files or by column; give one of the three")
        if (self.column is None) != (self.values is None):
            raise ValueError("column and values belong together")
        stands: dict[str, str] = {}
        for split, values in (self.values or {}).items():
            for value in values:
                if stands.setdefault(value, split) != split:
                    raise ValueError(
                        f"values: {value!r} stands for both {stands[value]} and {split}; keep one of the two"
                    )
        return self


class Unlabelled(Section):
    files: Annotated[list[str], Field(min_length=1)]
    """Files or folders below data/raw/<task> with more text of the same kind, without labels."""
    format: Format | None = None
    """How they are written; null goes by each file's suffix. Encoding, delimiter and quotes are those of source."""
    header: Annotated[list[str], Field(min_length=1)] | None = None
    """Column names of CSV, TSV or XLSX files without a header row."""
    text: str
    """Column with the text."""

    @field_validator("files")
    @classmethod
    def _stays_inside(cls, files: list[str]) -> list[str]:
        for name in files:
            if name.startswith("/") or "://" in name or ".." in name.split("/"):
                raise ValueError(
                    f"{shown(name)!r} is no file below data/raw/<task>; dvc would not see it. Copy it there"
                )
        return files


class Source(Section):
    files: Annotated[list[str], Field(min_length=1)]
    """Raw files or folders of them below data/raw/<task>, read in this order; hf://owner/name[/config][@revision] is a
    data set of the Hugging Face hub, and sqlite:///FILE?query=SELECT ... or postgresql://$USER:$PASSWORD@HOST/NAME?query=...
    a database ($ names a variable of the environment); `python -m decant fetch` puts both there."""
    format: Format | None = None
    """How they are written; null goes by each file's suffix: .csv, .tsv, .jsonl, .parquet, .xlsx, .json, .yml and .yaml
    (rasa). The other formats have no suffix of their own and have to be named."""
    encoding: str = "utf-8"
    """Of all that is text; a byte order mark overrules it. Another one must be named: nothing is guessed."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """Between the cells of CSV, e.g. ";"; null: a comma, in TSV a tab."""
    quotes: bool = True
    """Quotes enclose cells of CSV and TSV; false for files where a quote is a character like any other."""
    header: Annotated[list[str], Field(min_length=1)] | None = None
    """Column names of CSV, TSV or XLSX files without a header row, or of JSON whose rows are lists."""
    bad_rows: Literal["fail", "drop"] = "fail"
    """Rows that cannot be read (a zero byte, undecodable bytes, too many cells, broken JSON, no id): stop at the first, or
    leave them out and count them."""
    max_bad_rows: Share = 0.01
    """Largest share of the rows that bad_rows: drop may leave out."""
    id: str | None = None
    """Column with a unique id per row; null numbers the rows from 0 (file:0 where there are several files)."""
    text: str | Annotated[list[str], Field(min_length=1)]
    """Column with the text, or several that are joined."""
    joiner: str = "\n"
    """Between the texts of several columns; empty ones are left out."""
    labels: Ordered[str, Labels]
    """Head -> where its label comes from."""
    ignore: list[str] = []
    """Raw labels without a class, by name or wildcard (topic_*); any other unknown label stops the stage."""
    slices: Ordered[str, Slice] = {}
    """Extra columns kept to measure subgroups by."""
    group: Slice | None = None
    """Author, thread or document: its rows share a split."""
    time: Slice | None = None
    """When a row was written: ISO 8601, or seconds since 1970; for split.order: time."""
    unlabelled: Unlabelled | None = None
    """More text for adapt.dapt and soften.unlabelled; rows of valid, calib and test are taken out of it."""
    splits: GivenSplits | None = None
    """Splits that come with the data; null lets the split stage make them."""
    corrections: str | None = None
    """CSV below data/raw/<task> with the columns id, head (where there are several), label and why: labels that a person has
    corrected, over what the raw files say."""

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding that Python knows, e.g. utf-8, cp1252, utf-16") from None
        return encoding

    @field_validator("delimiter")
    @classmethod
    def _parts_cells(cls, delimiter: str | None) -> str | None:
        if delimiter and delimiter in '"\r\n':
            raise ValueError(f"{delimiter!r} cannot part cells: it encloses them, or ends a row")
        return delimiter

    @field_validator("files", mode="before")
    @classmethod
    def _is_a_list(cls, files: object) -> object:
        if isinstance(files, str):  # which the error would show, and it may hold a password
            raise ValueError(f"found text; files is a list: [{shown(files)!r}]")
        return files

    @field_validator("files")
    @classmethod
    def _stays_inside(cls, files: list[str]) -> list[str]:
        for name in files:
            if is_database(name):
                parsed(name)
                continue
            if not name.startswith("hf://") and (name.startswith("/") or ".." in name.split("/")):
                raise ValueError(f"{name!r} leaves data/raw/<task>; dvc would not see the file")
            if name.startswith("hf://") and not re.fullmatch(r"hf://[\w.-]+/[\w.-]+(/[\w.-]+)?(@[\w./-]+)?", name):
                raise ValueError(f"{name!r} is not hf://owner/name[/config][@revision]")
        return files

    @field_validator("corrections")
    @classmethod
    def _lies_beside(cls, name: str | None) -> str | None:
        if name is not None and (name.startswith("/") or "://" in name or ".." in name.split("/")):
            raise ValueError(f"{name!r} is no file below data/raw/<task>; dvc would not see it. Copy it there")
        if name is not None and not name.endswith(".csv"):
            raise ValueError(f"{name!r} is no CSV; corrections are a .csv with the columns id, label and why")
        return name

    @model_validator(mode="after")
    def _corrections_are_no_rows(self):
        for file in map(folder_of, self.files):
            inside = f"{self.corrections}".startswith(f"{file.rstrip('/')}/") or file.rstrip("/") == "."
            if self.corrections and (inside or self.corrections == file):
                raise ValueError(
                    f"corrections: {self.corrections!r} is among files ({file}), which are read as rows; move it"
                )
        return self

    @model_validator(mode="after")
    def _splits_name_files(self):
        for name in (self.splits.files or {}).values() if self.splits else ():
            if not any(name == file or name.startswith(f"{file.rstrip('/')}/") for file in map(folder_of, self.files)):
                raise ValueError(f"splits.files: {name!r} is not among files: {', '.join(self.files)}")
        return self


def folder_of(name: str) -> str:
    """Where a file of the source lies below data/raw/<task>: itself, the folder of a hub data set at any revision, or the
    file with the rows of a database."""
    if is_database(name):
        return parsed(name).file
    return name.removeprefix("hf://").split("@")[0].replace("/", "--") if name.startswith("hf://") else name
