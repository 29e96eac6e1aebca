"""What lies here against its md5, read byte by byte.

dvc hashes a file once and then goes by its size and time; an object of the cache that is read-only it does not hash at all.
A bit that the disk has turned in it reaches the working tree unseen, and `dvc status` calls that up to date.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from decant.errors import CacheError
from decant.files import digest
from decant.progress import bar
from decant.review import lock
from decant.review.store import FOLDER, Store


class Out(NamedTuple):
    md5: str  # as dvc.lock has it; "": it has none
    cached: bool  # dvc keeps it, and not git


def recorded(store: Store) -> dict[str, dict[str, Out]]:
    """Stage -> path -> what dvc.lock says it wrote, for the tasks that are built.

    Raises CacheError: dvc cannot read dvc.yaml or dvc.lock.
    """
    return {
        stage.name: {out.def_path: Out(out.hash_info.value or "", out.use_cache) for out in stage.outs}
        for stage in lock.stages_of(store)
    }


def md5_of(path: Path) -> str:
    """Of a file, or of a folder as dvc has it; "": there is none, or it was taken away while it was read."""
    try:
        return _md5_of(path)
    except FileNotFoundError:
        return ""


def _md5_of(path: Path) -> str:
    if path.is_dir():
        files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
        entries = [{"md5": digest(file, "md5"), "relpath": name} for name, file in files]
        return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + FOLDER
    return digest(path, "md5")


def cache(root: Path) -> dict[str, Path]:
    """md5 -> object, for all in the cache of a clone. root: of that clone."""
    folder = Path(Store(root).repo.cache.local.path)
    return {file.parent.name + file.name: file for file in sorted(folder.glob("??/*")) if file.is_file()}


def broken(objects: dict[str, Path]) -> list[str]:
    """The md5 of those that have other bytes than their name says."""
    return [md5 for md5, path in objects.items() if digest(path, "md5") != md5.removesuffix(FOLDER)]


def damage(root: Path = Path(".")) -> Iterator[tuple[Path, str]]:
    """Path and what is wrong with it: objects of the cache, and outs here that dvc takes for those in dvc.lock.

    An out that changed and that dvc will see is none of it: `dvc repro` mends that.
    """
    store = Store(root)
    objects = cache(root)
    for md5, path in bar(objects.items(), what="reading the cache", unit="object"):
        if digest(path, "md5") != md5.removesuffix(FOLDER):
            yield path, "an object of the cache with other bytes than its name says"
    for stage in bar(lock.stages_of(store), what="reading outs", unit="stage"):
        for out in stage.outs:
            path, known = root / out.def_path, out.hash_info.value
            if known and path.exists() and out.get_hash().value == known and md5_of(path) != known:
                yield path, f"other bytes than {stage.name} wrote, unseen by dvc"


def refuse_damaged(root: Path = Path(".")) -> int:
    """Read all of it; returns how many objects the cache has.

    Raises CacheError: some have other bytes, with the command that takes them away, so that `dvc repro` (or `dvc pull`)
    brings them again.
    """
    found = list(damage(root))
    if found:
        lines = "\n  ".join(f"{path}: {what}" for path, what in found)
        away = " ".join(f"'{path}'" for path, _ in found)
        raise CacheError(f"{len(found)} damaged:\n  {lines}\nTake them away, and build them again: "
                         f"rm -rf {away} && dvc repro")  # fmt: skip
    return len(cache(root))
