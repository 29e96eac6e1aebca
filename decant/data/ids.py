"""Ids: what names a row, that no two rows have one name, and the ids that split files name.

Ids are compared by hashes, and never kept as texts. Where an error has to name one, the files are read again: that takes
seconds once, and the texts of all ids would take gigabytes always.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from decant import tables
from decant.data import rawfiles, sources
from decant.data.batch import Batch
from decant.errors import DataError
from decant.paths import SPLITS
from decant.settings.source import Source, folder_of

KEY = "decant, 2nd hash"  # 16 bytes, as SipHash takes them; another key makes an independent hash


@dataclass
class Known:
    """Ids with a split each.

    An id is two 64-bit hashes: by one alone, one of 10 million ids that no file names would be taken for a named one in
    one run of 200,000; by both, in none. 2 million ids of 18 digits take 34 MB, in every process, and 5 seconds to read;
    as a dictionary of texts, splits and places they took 480 MB and 14 seconds.
    """

    hashes: np.ndarray  # (n,) uint64, sorted
    others: np.ndarray  # (n,) uint64
    splits: np.ndarray  # (n,) int8, indices in SPLITS
    longest: int = field(init=False)  # run of equal `hashes`; 1, unless ids share one by chance

    def __post_init__(self):
        starts = np.flatnonzero(np.concatenate([[True], self.hashes[1:] != self.hashes[:-1], [True]]))
        self.longest = int(np.diff(starts).max())

    def __len__(self) -> int:
        return len(self.hashes)

    def find(self, ids: list[str]) -> np.ndarray:
        """(n,) int8, the split of each id as an index in SPLITS, -1 where it is not known."""
        hashes, others = tables.hashes(ids), second_hashes(ids)
        start, splits = np.searchsorted(self.hashes, hashes), np.full(len(ids), -1, dtype=np.int8)
        for step in range(self.longest):
            at = np.minimum(start + step, len(self) - 1)
            same = (self.hashes[at] == hashes) & (self.others[at] == others)
            splits[same] = self.splits[at[same]]
        return splits


def second_hashes(ids: list[str]) -> np.ndarray:
    """(n,) uint64, independent of `tables.hashes`."""
    return pd.util.hash_array(np.array(ids, dtype=object), hash_key=KEY, categorize=False)


def identities(batch: Batch, source: Source, root: Path | None) -> list[str]:
    """The id of every row. root: where file names in ids start, if rows of several files are numbered."""
    if source.id is not None:
        return named(batch, source.id)
    prefix = f"{batch.file.relative_to(root)}:" if root else ""
    return [f"{prefix}{batch.number(row) - 1}" for row in range(len(batch))]


def named(batch: Batch, column: str) -> list[str]:
    return [identity(batch.place, row, value, column) for row, value in enumerate(batch.column(column))]


def identity(place: Callable[[int], str], row: int, value: object, column: str) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise DataError(f"{place(row)}: id in column {column!r} is {value!r}, expected text or a whole number")
    if not str(value).strip():
        raise DataError(f"{place(row)}: empty id in column {column!r}")
    return str(value)


def of_rows(files: dict[Path, str], source: Source, folder: Path) -> Iterator[tuple[Batch, list[str]]]:
    """The ids of the raw files, batch by batch."""
    for batch in sources.batches(files, source, {source.id} if source.id else set()):
        yield batch, identities(batch, source, folder if len(files) > 1 else None)


def of_splits(folder: Path, source: Source) -> Iterator[tuple[Batch, list[str], int]]:
    """The ids of the split files, batch by batch, with their split as an index in SPLITS."""
    column = source.id or "id"
    for name, file in source.splits.ids.items():
        for path, form in rawfiles.own_files(folder, [folder_of(file)], None).items():
            for batch in rawfiles.batches(
                path, form, source.encoding, source.delimiter, source.quotes, columns={column}
            ):
                yield batch, named(batch, column), SPLITS.index(name)


def given_ids(folder: Path, source: Source) -> Known | None:
    """The ids that split files name; None where ids decide nothing.

    Raises DataError: an id in two splits, or a file that cannot be read.
    """
    if source.splits is None or source.splits.ids is None:
        return None
    known = gathered((ids, split) for _, ids, split in of_splits(folder, source))
    again = (known.hashes[1:] == known.hashes[:-1]) & (known.others[1:] == known.others[:-1])
    torn = set(known.others[1:][again & (known.splits[1:] != known.splits[:-1])].tolist())
    first: dict[tuple[int, int], int] = {}
    for batch, ids, split in of_splits(folder, source) if torn else ():
        for row, pair in enumerate(zip(tables.hashes(ids).tolist(), second_hashes(ids).tolist(), strict=True)):
            if pair[1] in torn and first.setdefault(pair, split) != split:
                raise DataError(
                    f"{batch.place(row)}: id {ids[row]!r} is in {SPLITS[first[pair]]} already; a row has one split"
                )
    stays = np.append(True, ~again)
    return Known(known.hashes[stays], known.others[stays], known.splits[stays])


def gathered(parts: Iterator[tuple[list[str], int]]) -> Known:
    """All ids, also those that come again. parts: ids and their split."""
    columns = zip(
        *((tables.hashes(ids), second_hashes(ids), np.full(len(ids), split, np.int8)) for ids, split in parts),
        strict=True,
    )
    hashes, others, splits = map(np.concatenate, columns)
    order = np.lexsort((splits, others, hashes))
    return Known(hashes[order], others[order], splits[order])


def check_unique(hashes: np.ndarray, files: dict[Path, str], source: Source, folder: Path) -> None:
    """Raises DataError if an id occurs twice; equal hashes of unlike ids are told apart by reading the files again."""
    in_rank = np.sort(hashes)
    twice = in_rank[1:][in_rank[1:] == in_rank[:-1]]
    first: dict[str, str] = {}
    for batch, ids in of_rows(files, source, folder) if len(twice) else ():
        for row in np.flatnonzero(np.isin(tables.hashes(ids), twice)):
            if ids[row] in first:
                raise DataError(
                    f"{batch.place(row)}: id {ids[row]!r} again, first at {first[ids[row]]}; ids must be unique"
                )
            first[ids[row]] = batch.place(row)


def check_given(rows: int, given: Known | None, files: dict[Path, str], source: Source, folder: Path) -> None:
    """Raises DataError if a split file names an id that no row has. rows: that have an id which a split file names."""
    if given is None or rows == len(given):
        return
    there = gathered((ids, 0) for _, ids in of_rows(files, source, folder))
    for batch, ids, _ in of_splits(folder, source):
        missing = np.flatnonzero(there.find(ids) < 0)
        if len(missing):
            raise DataError(
                f"{batch.place(missing[0])}: id {ids[missing[0]]!r} is not in {', '.join(source.files)}; the split names a row "
                "that is not there"
            )
