"""Every row of a table classified: on all free cores, in flat memory, and after a kill from where it stood.

The table is read three times: first it is checked as a whole, so that row 900,000 stops the run before it begins; then it
is scored, piece by piece, each kept beside the output; then it is written, with the answers, under the output's name.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import pyarrow as pa
from tqdm import tqdm

from decant.data.batch import Batch
from decant.deploy import outputs
from decant.deploy.added import Added
from decant.deploy.parts import Parts, parts
from decant.deploy.table import PIECE, Table, schema_of
from decant.deploy.workers import cores, in_order
from decant.errors import InputError
from decant.files import digest, writing
from decant.runtime import Bundle
from decant.shipped.record import RECORD
from decant.shipped.texts import fault

PACKAGES = ("numpy", "onnxruntime", "tokenizers", "ftfy")  # of which the answers are made


@dataclass
class Survey:
    """What a table holds."""

    rows: int = 0
    bad: int = 0  # rows without a text that can be scored
    before: int = 0  # rows that an earlier run had scored
    names: tuple[str, ...] = ()
    schema: pa.Schema | None = None


@dataclass(frozen=True)
class Job:
    """What is asked for. keep: bad rows stay, with an empty answer; else the first one stops."""

    table: Table
    bundle: Path
    text: str  # column
    keep: bool = False
    prefix: str = ""  # of the new columns
    workers: int = 0  # processes; 0: one per free core

    def texts(self, batch: Batch, longest: int) -> list[str | None]:
        """Null in a bad row. Raises InputError for it, unless it is to be kept. longest: in characters."""
        texts = list(batch.columns.get(self.text) or [None] * len(batch))
        for row, text in enumerate(texts):
            if found := fault(text, longest):
                if not self.keep:
                    raise InputError(
                        f"{batch.place(row)}: column {self.text!r}: {found}; or --bad-rows keep, which gives such rows an "
                        "empty answer"
                    )
                texts[row] = None
        return texts

    def survey(self, longest: int, typed: bool) -> Survey:
        """Look at every row. typed: the output has a type per column."""
        found, names = Survey(), {}
        for batch in self.table.batches(self.text):
            found.bad += self.texts(batch, longest).count(None)
            found.rows += len(batch)
            names |= dict.fromkeys(batch.names)
            if typed:
                found.schema = schema_of(batch, found.schema)
        found.names = tuple(names)
        return found

    def depends(self) -> dict:
        """All that an answer depends on, but for the processor."""
        how = asdict(self.table) | {"file": digest(self.table.file), "text": self.text, "piece": PIECE}
        return (
            how
            | {"bundle": digest(self.bundle / RECORD)}
            | {name: import_module(name).__version__ for name in PACKAGES}
        )


def score(job: Job, out: Path | None, form: str = "csv", marked: bool = True) -> Survey:
    """Write the table with answers to a file, by its suffix, or to standard output as `form` says.

    marked: formulas in CSV and TSV get an apostrophe, see decant.data.formulas.

    A run that was killed goes on if it is asked for again, and writes the bytes that it would have written.

    Raises InputError: a bad row, a column that is not there or would be there twice, or an output that cannot be.
    DataError: a table that cannot be read. BundleError: no bundle.
    """
    if out is not None:
        form = outputs.form_of(out)
        if out.exists() and out.samefile(job.table.file):
            raise InputError(f"{out}: is the table itself; name another --out")
        if out.is_dir():
            raise InputError(f"{out}: is a folder; name a file")
    bundle = Bundle(job.bundle)
    added, longest = Added(bundle, job.prefix), bundle.runtime["max_characters"]
    found = job.survey(longest, form == "parquet")
    added.refuse(found.names, job.table.file)
    workers = min(job.workers or cores(), -(-found.rows // PIECE))

    def pieces() -> Iterator[tuple[tuple[int, Batch], list[str | None]]]:
        for number, batch in enumerate(job.table.batches(job.text)):
            yield (number, batch), job.texts(batch, longest)

    with tqdm(total=found.rows, desc="predict", unit="row") as bar:
        if out is None:
            write = outputs.to(sys.stdout, form, added, found.names, marked)
            for (_, batch), answers in in_order(job.bundle, pieces(), workers):
                write(batch, answers)
                sys.stdout.flush()
                bar.update(len(batch))
            return found
        with parts(out, job.depends(), added.width) as kept:
            for (number, batch), answers in in_order(job.bundle, missing(pieces(), kept, bar), workers):
                kept.save(number, answers)
                bar.update(len(batch))
            found.before = bar.initial
            with (
                writing(out) as partial,
                outputs.opened(partial, form, added, found.names, found.schema, marked) as write,
            ):
                for (number, batch), _ in pieces():
                    write(batch, kept.load(number, len(batch)))
    return found


def missing(pieces: Iterator[tuple], kept: Parts, bar: tqdm) -> Iterator[tuple]:
    """The pieces that no earlier run has scored; the others count as done, but not into rows per second."""
    for (number, batch), texts in pieces:
        if kept.load(number, len(batch)) is None:
            yield (number, batch), texts
        else:
            bar.initial += len(batch)
            bar.n += len(batch)
