"""unlabelled: more text of the task's kind, without labels (data/<task>/unlabelled.parquet: id, text, linear).

In: the raw files of source.unlabelled, train, and the fingerprints of all rows that are held out. Cleaned as prepare cleans
its rows. A text that valid, calib or test holds, or a frozen test set, is taken out, and so are empty texts, texts of
train and repeats; each is counted. A task without such files gets an empty table, and so that this takes half a second,
pandas and nltk are imported where there are texts (they take two thirds of the two seconds that the rest would).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from decant import checked, paths, stage
from decant.data import lines, rawfiles, sources
from decant.data.bad import BadRows
from decant.data.batch import Batch
from decant.errors import DataError
from decant.files import write_metrics, writing
from decant.progress import bar
from decant.settings.base import Section
from decant.settings.cleaning import Cleaning
from decant.settings.linear_text import LinearText
from decant.settings.source import Source
from decant.text import clean, normal_form

SCHEMA = pa.schema({"id": pa.string(), "text": pa.string(), "linear": pa.string()})
COUNTS = ("rows_raw", "rows_empty", "rows_held_out", "rows_in_train", "rows_repeated", "rows")


class Sections(Section):
    cleaning: Cleaning
    linear_text: LinearText
    source: Source


def main(task: str) -> None:
    p = checked.read(Sections, task)
    counts, bad = Counter(dict.fromkeys(COUNTS, 0)), sources.bad_rows(p.source)
    with writing(paths.unlabelled(task)) as partial, pq.ParquetWriter(partial, SCHEMA) as writer:
        if p.source.unlabelled:
            add(task, p, writer, counts, bad)
    bad.check(counts["rows_raw"], paths.raw(task))
    write_metrics(paths.metrics(task, "unlabelled"), dict(counts) | bad.metrics())


def add(task: str, p: Sections, writer: pq.ParquetWriter, counts: Counter, bad: BadRows) -> None:
    """Write the texts of all files that are new and held out nowhere, and count each row. Raises DataError, as `raw_batches`."""
    from decant import tables
    from decant.data import held_out, lexical

    folder, cleaning = paths.raw(task), p.cleaning.model_dump()
    held = held_out.read(task)
    train, seen = set(forms(tables.load(task, "train", ())["text"].tolist())), set()
    linear = lexical.Lexer(p.linear_text.model_dump())
    with bar(what="unlabelled", unit="row", total=lines.about(files(folder, p.source))) as shown:
        for batch, raw in raw_batches(folder, p.source, bad):
            texts = [clean(text, cleaning) for text in raw]
            known = held.holds(texts) | held.holds(raw)
            kept = []
            for row, form in enumerate(forms(texts)):
                counts["rows_raw"] += 1
                if not texts[row].strip():
                    counts["rows_empty"] += 1
                elif known[row]:
                    counts["rows_held_out"] += 1
                elif form in train:
                    counts["rows_in_train"] += 1
                elif form in seen:
                    counts["rows_repeated"] += 1
                else:
                    seen.add(form)
                    kept.append(row)
            counts["rows"] += len(kept)
            # a prefix, since these row numbers would be ids of labelled rows too
            ids = [f"unlabelled:{batch.file.relative_to(folder)}:{batch.number(row)}" for row in kept]
            columns = {"id": ids, "text": [texts[row] for row in kept], "linear": [linear(texts[row]) for row in kept]}
            writer.write_table(pa.table(columns, schema=SCHEMA))
            shown.update(len(batch))


def forms(texts: list[str]) -> list[int]:
    """What makes two texts the same, as 64-bit hashes: a tenth of the memory of the texts."""
    from decant.tables import hashes

    return hashes([normal_form(text) for text in texts]).tolist()


def files(folder: Path, source: Source) -> dict[Path, str]:
    """Path -> format of every raw file of texts without labels."""
    return rawfiles.own_files(folder, source.unlabelled.files, source.unlabelled.format)


def raw_batches(folder: Path, source: Source, bad: BadRows) -> Iterator[tuple[Batch, list[str]]]:
    """Batches of the raw files and their texts. Raises DataError: a file that is not what params say, a text that is none."""
    more = source.unlabelled
    for file, form in files(folder, source).items():
        for batch in rawfiles.batches(
            file, form, source.encoding, source.delimiter, source.quotes, more.header, {more.text}, bad
        ):
            texts = ["" if cell is None else cell for cell in batch.column(more.text)]
            for row, value in enumerate(texts):
                if not isinstance(value, str):
                    raise DataError(
                        f"{batch.place(row)}: text in column {more.text!r} is {value!r}, expected a string; mend the file or "
                        "source.unlabelled"
                    )
            yield batch, texts


if __name__ == "__main__":
    stage.run(main)
