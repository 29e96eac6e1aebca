"""Files that are damaged: a byte that the disk has turned in the cache, and outs that were cut short."""

import os
import random
import stat
from collections.abc import Iterable
from pathlib import Path

from decant.proofs import disk, objects
from decant.proofs.outcomes import Outcome, after, said, stopped, traceback
from decant.proofs.subject import Subject, remove
from decant.review import lock
from decant.review.store import Store

# kind of file -> whether a path is one; soft labels are safetensors too
KINDS = {
    "safetensors": lambda path: path.suffix == ".safetensors" and "soft" not in path.parts,
    "ONNX": lambda path: path.suffix == ".onnx",
    "Parquet": lambda path: path.suffix == ".parquet" and "soft" not in path.parts,
    "soft labels": lambda path: "soft" in path.parts and path.suffix in (".safetensors", ".parquet", ".npz"),
}


def flipped(subject: Subject, chance: random.Random, stages: list[str]) -> list[Outcome]:
    """One byte of an object of each stage turns in the cache, and the outs are taken from there. dvc does not see it: what
    reads all bytes has to, and what it says has to mend it."""
    return [_planted(subject, chance, stage, flip, "flipped byte in the cache") for stage in stages]


def cut_in_cache(subject: Subject, chance: random.Random, stages: list[str]) -> list[Outcome]:
    """The same with an object that is cut short, as by a power cut."""
    return [_planted(subject, chance, stage, cut, "object of the cache cut short") for stage in stages]


def _planted(subject: Subject, chance: random.Random, stage: str, harm, fault: str) -> Outcome:
    cached = [path for path, out in subject.reference[stage].items() if out.cached]
    there = objects.cache(subject.root)
    files = [file for path in sorted(cached) for file in sorted(disk.below(subject.root / path))]
    file = chance.choice([each for each in files if each.stat().st_size] or files)
    object_ = there[objects.md5_of(file)]
    harm(object_, chance)
    for path in cached:
        remove(subject.root / path)
    taken = subject.repro()
    seen = sorted({path for path, _ in objects.damage(subject.root)})
    wrong = []
    if object_ not in seen:
        wrong.append("reading all bytes did not find it")
    for path in seen:
        remove(path)
    name = file.relative_to(subject.root).as_posix()
    ended = f"dvc repro {stopped(taken)}; decant lock --bytes names it"
    return after(subject, fault, name, ended, wrong)


def truncated(subject: Subject, chance: random.Random, kinds: Iterable[str] = KINDS) -> list[Outcome]:
    """An out of each kind is cut short here: stages that read it by hand stop, and `dvc repro` brings it back."""
    found = []
    for kind in kinds:
        outs = [path for one in subject.repeating().values() for path, out in one.items() if out.cached]
        places = [file.relative_to(subject.root) for path in outs for file in disk.below(subject.root / path)]
        names = sorted(name for name in places if KINDS[kind](name))
        if not names:
            continue
        name = chance.choice(names)
        file, wrong = subject.root / name, []
        whole, readers = file.read_bytes(), reading(subject, name)
        words = []
        for reader in readers:
            replace(file, whole[: chance.randrange(len(whole))])
            ended = subject.alone(reader)
            words.append(f"{reader} {stopped(ended)}")
            wrong += [] if ended.status else [f"{reader} took it"]
            if ended.status and traceback(ended):
                wrong.append(f"{reader} ended with a traceback: {said(ended)}")
        replace(file, whole[: chance.randrange(len(whole))])
        told = "; ".join(words) or "no stage reads it"
        found.append(after(subject, f"truncated {kind}", name.as_posix(), f"by hand: {told}", wrong))
    return found


def reading(subject: Subject, name: Path) -> list[str]:
    """Stages that depend on a file, or on a folder that it lies in."""
    within = {name.as_posix(), *(folder.as_posix() for folder in name.parents)}
    return [
        stage.name
        for stage in lock.stages_of(Store(subject.root))
        if stage.name in subject.reference and within & {dependency.def_path for dependency in stage.deps}
    ]


def replace(file: Path, content: bytes) -> None:
    """Another file of that name, so that no link leads to the cache."""
    file.unlink()
    file.write_bytes(content)


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    _overwrite(path, bytes(content))


def cut(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    _overwrite(path, content[: chance.randrange(len(content))])


def _overwrite(path: Path, content: bytes) -> None:
    """In place, with its permissions and times: as a disk does it."""
    state = path.stat()
    path.chmod(state.st_mode | stat.S_IWUSR)
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
    path.chmod(stat.S_IMODE(state.st_mode))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
