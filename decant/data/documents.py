"""A folder per class with a file per text, as BBC and 20 newsgroups come."""

from collections.abc import Iterator
from pathlib import Path

from decant.data import packed
from decant.data.bad import STRICT, BadRows
from decant.data.batch import Documents
from decant.data.textlines import decoded
from decant.errors import DataError


def batches(root: Path, encoding: str, size: int, bad: BadRows = STRICT) -> Iterator[Documents]:
    """label: the folder of the file, split: the folders around it below `root`, file: the path, text: all of it.

    Raises DataError: a file that lies in no folder, or is no text.
    """
    found = packed.below(root)
    for start in range(0, len(found), size):
        files, columns = [], {"label": [], "text": [], "file": [], "split": []}
        for file in found[start : start + size]:
            inside = packed.bare(file).relative_to(root)
            if len(inside.parts) < 2:
                raise DataError(
                    f"{file}: lies beside the folders of the classes, not in one; move it out of {root}, or name the folders "
                    "alone in source.files"
                )
            with decoded(file, encoding, "", bad) as stream:
                text = stream.read()
            files.append(file)
            for name, cell in zip(
                columns, (inside.parts[-2], text, inside.as_posix(), "/".join(inside.parts[:-2])), strict=True
            ):
                columns[name].append(cell)
        yield Documents(root, start + 1, columns, paths=files)
