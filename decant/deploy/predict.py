"""`decant predict`: texts of the command line, lines of standard input, or the rows of a table.

With --text the argument is a table, without it it is a text: an argument that names a file stops, for nobody means to
classify a file's name.
"""

import json
import os
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from decant import paths
from decant.errors import InputError
from decant.runtime import Bundle
from decant.shipped.texts import fault

STDIN = "standard input"
UNREADABLE = {"text": None, "answer": None, "heads": None}  # so that a line comes out for each that went in
OF_TABLES = ("out", "format", "encoding", "delimiter", "no_quotes", "workers", "bad_rows", "prefix", "formulas")


def predict(options: Namespace) -> None:
    """Raises InputError, with the position, line or row: what cannot be classified, and what mends it."""
    if options.text is not None:
        _table(options)
        return
    piped, keep = options.texts == ["-"], options.bad_rows == "keep"
    if named := [
        name for name in OF_TABLES if getattr(options, name) is not None and not (piped and name == "bad_rows")
    ]:
        raise InputError(
            f"--{named[0].replace('_', '-')} is for tables: say --text with the column that holds the texts"
        )
    bundle = Bundle(bundle_of(options))
    texts = lines(sys.stdin.buffer, bundle.runtime["max_characters"], keep) if piped else options.texts
    for text in options.texts:
        if os.path.isfile(text):
            raise InputError(
                f"{text}: is a file, and would be classified as a text. Its rows: decant predict {text} --text COLUMN --out "
                f"scored.parquet; its lines: decant predict - < {text}"
            )
    for text in texts:  # one at a time: a pipe gets each answer as soon as its line is there
        if text is None:
            print(json.dumps(UNREADABLE) if options.json else "", flush=True)
            continue
        prediction = bundle.predict([text])[0]
        print(_json(text, prediction) if options.json else _shown(text, prediction, bundle), flush=True)


def bundle_of(options: Namespace) -> Path:
    """The bundle's folder. Raises InputError: neither --task nor --bundle says which."""
    if options.bundle is None and options.task is None:
        raise InputError("which classifier? Say --bundle FOLDER, or --task NAME for models/NAME/bundle")
    return options.bundle or paths.bundle(options.task)


def lines(stream: BinaryIO, longest: int, keep: bool = False) -> Iterator[str | None]:
    """A text per line; with `keep` null for one that is none, which standard error is told of.

    Raises InputError, unless `keep`: a line that is not UTF-8, or too long (in characters).
    """
    for number, line in enumerate(stream, start=1):
        text, wrong = None, None
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\n").removesuffix("\r")
            wrong = fault(text, longest)
        except UnicodeDecodeError as error:
            wrong = f"not UTF-8 ({error.reason} at byte {error.start}); convert it: iconv -f ENCODING -t utf-8"
        if wrong and not keep:
            raise InputError(f"{STDIN}: line {number}: {wrong}. To go on without an answer to it: --bad-rows keep")
        if wrong:
            print(f"{STDIN}: line {number}: {wrong}", file=sys.stderr)
        yield None if wrong else text


def _json(text: str, prediction: dict) -> str:
    return json.dumps({"text": text} | prediction, ensure_ascii=False)


def _shown(text: str, prediction: dict, bundle: Bundle) -> str:
    answer = prediction["answer"]
    shown = [f"{_visible(answer) if isinstance(answer, str) else ', '.join(map(_visible, answer)) or 'none'}\t{text}"]
    for head, values in prediction["heads"].items():
        several = not isinstance(values, float)
        scores = "  ".join(f"{_visible(label)} {value:.4f}" for label, value in values.items()) if several else values
        shown.append(f"  {head}: {scores}")
    limits = "  ".join(f"{_visible(label)} >= {value:g}" for label, value in bundle.thresholds.items())
    return "\n".join([*shown, f"  decision: {bundle.rule.name}{f' ({limits})' if limits else ''}"])


def _visible(label: str) -> str:
    """A label on one line of a terminal, which obeys no sign of it."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in label)


def _table(options: Namespace) -> None:
    from decant.deploy import table, tables  # Arrow and Excel: what lines do not need

    if len(options.texts) > 1:
        raise InputError(f"--text: one table at a time, found {len(options.texts)} arguments")
    if options.workers is not None and options.workers < 1:
        raise InputError(f"--workers: {options.workers}; at least 1, or none for one per free core")
    if options.delimiter is not None and len(options.delimiter) != 1:
        raise InputError(f"--delimiter: {options.delimiter!r}; one character, for a tab $'\\t' or --format tsv")
    (name,) = options.texts
    how = {"delimiter": options.delimiter, "quotes": not options.no_quotes}
    how |= {"encoding": options.encoding} if options.encoding else {}
    with tempfile.TemporaryDirectory() as folder:
        file = _spooled(Path(folder), options) if name == "-" else Path(name)
        job = tables.Job(
            table.table(file, options.format, **how),
            bundle_of(options),
            options.text,
            options.bad_rows == "keep",
            options.prefix or "",
            options.workers or 0,
        )
        found = tables.score(job, options.out, "jsonl" if options.json else "csv", options.formulas != "keep")
    told = f"{options.out or 'standard output'}: {found.rows:,} rows"
    told += f", {found.bad:,} without an answer (no text, or too long)" if found.bad else ""
    told += f", {found.before:,} of them scored by an earlier run" if found.before else ""
    print(told, file=sys.stderr)


def _spooled(folder: Path, options: Namespace) -> Path:
    """Standard input as a file: it is read more than once."""
    if options.format is None:
        raise InputError(f"{STDIN}: say how the table is written, e.g. --format csv")
    file = folder / "stdin"
    with file.open("wb") as stream:
        shutil.copyfileobj(sys.stdin.buffer, stream)
    return file
