"""`python -m decant fetch`: what a task names on the Hugging Face hub (hf://...) or in a database, as Parquet in data/raw.

Data sets come from the hub, or from a copy in a folder. Text stays what it is: no "NA" becomes an empty cell, no 007 a number.
Databases are read by `decant.data.database`.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from decant import paths
from decant.data import database, rawfiles
from decant.errors import DataError, ResourceError
from decant.files import writing
from decant.settings.database import Database, is_database, parsed
from decant.settings.params import FILE, read
from decant.settings.source import Source, folder_of

STEMS = {"train": "train", "valid": "validation", "validation": "validation", "dev": "validation", "test": "test"}
BUILDERS = {"csv": "csv", "jsonl": "json", "parquet": "parquet"}  # of the library
TEXT = {"keep_default_na": False, "na_filter": False}  # of its CSV builder: no cell is a gap
UNORDERED = (
    "and the query has no ORDER BY: rows are numbered as they come, and another fetch may number them otherwise. Name an id, "
    "or order them"
)
COPY = "train, valid and test as .csv, .jsonl or .parquet"


def fetch(task: str, copy: Path | None = None) -> None:
    """Write data/raw/<task>/<data set>/<split>.parquet for every hf:// entry of the task, and a Parquet file for every
    database; print the rows of each.

    copy: a folder with train.csv, valid.csv (or validation, dev) and test.csv, or .jsonl or .parquet, in place of the hub;
    of several data sets, the folder around one folder for each.

    Raises ResourceError: the hub cannot be reached or has no such data set. DataError: the task names none, or the copy is
    not what it should be. Nothing of that data set is written then.
    """
    source = read(task).source
    entries = [name for name in source.files if name.startswith("hf://")]
    databases = [parsed(name) for name in source.files if is_database(name)]
    if copy is not None and not entries and databases:
        raise DataError(
            f"--from {copy}: is for copies of hub data sets (hf://); {task}.source.files names a database alone"
        )
    for one in databases:
        database.fetch(one, paths.raw(task), dict(os.environ))
        if source.id is None and not ordered(one):
            print(f"warning: {task}.source.id names no column {UNORDERED}", file=sys.stderr)
    if not entries and databases:
        return
    if not entries:
        raise DataError(
            f"{FILE}: {task}.source.files: nothing of {', '.join(source.files)} is on the hub (hf://) or in a database. Pinned "
            f"files come with dvc update {paths.raw(task)}-*.dvc, others lie in {paths.raw(task)} already"
        )
    with tempfile.TemporaryDirectory() as cache, caches(cache):  # one for all: the libraries are imported once
        for entry in entries:
            folder = paths.raw(task) / folder_of(entry)
            if copy is None:
                tables = from_hub(task, entry, cache)
            else:
                tables = from_copy(copy if len(entries) == 1 else copy / folder_of(entry), cache)
            check(source, task, entry, tables, folder)
            for split, table in tables.items():
                file = folder / f"{split}.parquet"
                with writing(file) as partial:
                    # without the library's metadata, and in row groups of one size: same rows, same bytes
                    pq.write_table(table.replace_schema_metadata(None), partial, row_group_size=rawfiles.BATCH)
                print(f"{file}: {len(table):,} rows")


def ordered(database: Database) -> bool:
    """Whether its rows come in the same order every time."""
    return re.search(r"\border\s+by\b", database.query, re.IGNORECASE) is not None


@contextmanager
def caches(folder: str) -> Iterator[None]:
    """What the hub's libraries keep lies in `folder`; they look where when they are imported, which is inside."""
    names = ("HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_MODULES_CACHE", "HF_XET_CACHE")
    before = dict(os.environ)
    os.environ.update({name: f"{folder}/{name}" for name in names})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def from_hub(task: str, entry: str, cache: str) -> dict[str, pa.Table]:
    """Split -> rows, at one commit, which is printed where the entry does not pin it."""
    import datasets
    import httpx2
    import huggingface_hub

    repository, config, revision = re.fullmatch(r"hf://([^/@]+/[^/@]+)(?:/([^@]+))?(?:@(.+))?", entry).groups()
    try:
        commit = huggingface_hub.HfApi().dataset_info(repository, revision=revision).sha
        at = {"revision": commit, "cache_dir": cache}
        try:
            builder = datasets.load_dataset_builder(repository, config, **at)
        except ValueError as error:  # no such configuration, or several and none named; the library lists them
            raise DataError(f"{entry}: {error}. Write hf://{repository}/<config> in {FILE}") from None
        options = TEXT if "keep_default_na" in vars(builder.config) else {}
        splits = datasets.load_dataset(repository, config, **at, **options)
        features = next(iter(splits.values())).features
        texts = datasets.Features(dict.fromkeys(features, datasets.Value("string")))
        if options and builder.info.features is None and features != texts:
            options = TEXT | {"features": texts}
            splits = datasets.load_dataset(repository, config, **at, **options)  # once more, without guessing numbers
    # the builtin errors are what both libraries raise without a network or the file; the others are their own
    except (ConnectionError, FileNotFoundError, httpx2.HTTPError, datasets.exceptions.DatasetsError) as error:
        raise ResourceError(
            f"{entry}: tried data set {repository} on the Hugging Face hub: {type(error).__name__}: {error}. With a network, "
            f"run this again; without, python -m decant fetch --task {task} --from FOLDER takes a copy ({COPY}), or put "
            f"Parquet files into data/raw/{task}/{folder_of(entry)} yourself"
        ) from None
    if commit != revision:
        pinned = f"hf://{repository}{f'/{config}' if config else ''}@{commit}"
        print(f'{entry} is at commit {commit} now. To stay there, write in {FILE}, {task}.source: files: ["{pinned}"]')
    for name, feature in features.items():
        if isinstance(feature, datasets.ClassLabel):
            print(f"{name} holds numbers: {', '.join(f'{index} {label}' for index, label in enumerate(feature.names))}")
    return {split: rows.with_format("arrow")[:] for split, rows in splits.items()}


def from_copy(folder: Path, cache: str) -> dict[str, pa.Table]:
    """Split -> rows of its file in the folder."""
    if not folder.is_dir():
        raise DataError(f"--from {folder}: no such folder; it must hold {COPY}")
    files: dict[str, Path] = {}
    for path in sorted(file for file in folder.iterdir() if not file.name.startswith(".")):
        split = STEMS.get(path.stem)
        if split is None or rawfiles.FORMATS.get(path.suffix) not in BUILDERS:
            print(f"{path}: left out, since its name is no split's")
        elif split in files:
            raise DataError(f"--from {folder}: {files[split].name} and {path.name} are both {split}; keep one of them")
        else:
            files[split] = path
    if not files:
        raise DataError(f"--from {folder}: no split there; it must hold {COPY}")
    return {split: loaded(split, files[split], cache) for split in dict.fromkeys(STEMS.values()) if split in files}


def loaded(split: str, path: Path, cache: str) -> pa.Table:
    """A file through the library, with every text as it is written there. Raises DataError: not readable."""
    import datasets

    form, columns = rawfiles.FORMATS[path.suffix], {}
    rows = 0
    for batch in rawfiles.batches(path, form):
        for name in batch.columns:
            columns.setdefault(name, [None] * rows)
        for name, values in columns.items():
            values += batch.columns.get(name, [None] * len(batch))
        rows += len(batch)
    options = {}
    if form == "csv":
        texts = datasets.Features(dict.fromkeys(columns, datasets.Value("string")))
        options = TEXT | {"features": texts, "encoding": rawfiles.encoding_of(path, "utf-8")}
    try:
        dataset = datasets.load_dataset(
            BUILDERS[form], data_files={split: str(path)}, split=split, cache_dir=cache, **options
        )
    except datasets.exceptions.DatasetsError as error:
        raise DataError(f"{path}: the library cannot read it: {error}") from None
    table = dataset.with_format("arrow")[:]
    for index, name in enumerate(table.column_names):
        values = columns[name]
        if any(isinstance(value, str) for value in values) and table[name].to_pylist() != values:
            # the JSON builder makes times of texts that look like times
            if not all(isinstance(value, str | None) for value in values):
                raise DataError(
                    f"{path}: column {name!r} holds text beside other values; a column of Parquet has one type"
                )
            table = table.set_column(index, name, pa.array(values, pa.string()))
    return table


def check(source: Source, task: str, entry: str, tables: dict[str, pa.Table], folder: Path) -> None:
    """Raises DataError: a split that the task needs is missing, or the folder holds files of another origin."""
    given = (source.splits and (source.splits.files or source.splits.ids)) or {}
    made = {f"{split}.parquet" for split in tables}
    for split, name in given.items():
        inside = name.removeprefix(f"{folder_of(entry)}/")
        if inside != name and inside not in made:
            raise DataError(
                f"{entry}: has {', '.join(tables)}, but {task}.source.splits in {FILE} takes {split} from {inside}; add the split "
                "or mend source.splits"
            )
    others = sorted(file.name for file in folder.glob("[!.]*") if file.name not in made) if folder.is_dir() else []
    if others:
        raise DataError(
            f"{folder}: holds {', '.join(others)} already, which would count as rows of {entry}; move them away"
        )
