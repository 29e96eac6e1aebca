"""Does it come out again? The pipeline from nothing, in a fresh clone, against what dvc.lock has.

On the processor and the library versions that metrics/<task>/provenance.json records, every md5 is compared. Elsewhere what
calculates nothing is compared so, and of the rest the answers on the test rows, and figures with their intervals.
"""

import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from decant import paths
from decant.errors import CacheError, RevisionError
from decant.files import read_json
from decant.proofs import alike, clone, objects, surroundings
from decant.proofs.alike import Differing
from decant.proofs.objects import Out
from decant.review.store import Store
from decant.verdict import provenance

BYTES, ROWS = "bytes", "rows"
LIBRARIES = tuple(name for name in provenance.LIBRARIES if name != "dvc")  # which calculates nothing
MACHINE = ("processor", "instructions", "system", *LIBRARIES)  # what decides digits
FRESH = ("--force", "--no-run-cache")


@dataclass
class Compared:
    """What came out."""

    how: str  # BYTES or ROWS
    others: dict[str, str]  # what is other than recorded of the machine -> "from A to B"
    environment: str
    doubts: list[str] = field(default_factory=list)
    outs: int = 0  # that were compared by md5
    differing: list[Differing] = field(default_factory=list)
    timings: int = 0  # outs that never repeat
    answers: dict[str, dict] = field(default_factory=dict)  # task -> contestant -> n, same, share
    figures: dict[str, dict] = field(default_factory=dict)  # task -> contestant.figure -> recorded, low, high, found
    minutes: float = 0.0

    @property
    def refused(self) -> list[str]:
        """Why it is not the same; empty: it is."""
        lines = [one.words for one in self.differing]
        for task, contestants in self.answers.items():
            lines += [
                f"{task}: {name}: {entry['same']} of {entry['n']} test rows have the answer that was recorded"
                for name, entry in contestants.items()
                if entry["share"] < alike.ANSWERS
            ]
        for task, found in self.figures.items():
            lines += [f"{task}: {name}: {shown(found[name])}" for name in alike.outlying(found)]
        return lines

    def json(self) -> dict:
        return asdict(self) | {"same": not self.refused, "refused": self.refused}


def shown(figure: dict) -> str:
    return "{found:.4f}, recorded {recorded:.4f} ({low:.4f} to {high:.4f})".format(**figure)


def reproduce(environment: str = "plain", here: bool = False) -> Compared:
    """Run everything once more, and compare. here: in this clone instead of a temporary one, which overwrites what lies here.

    Raises RevisionError: no clone with a commit, or with changes where `here` would overwrite them. CacheError: dvc.lock
    does not know a stage, rows cannot be compared, or the run stopped.
    """
    chosen, start = surroundings.ALL[environment], time.monotonic()
    if here and clone.changed():
        raise RevisionError("there are changes that git does not have, which this would overwrite. Commit them first")
    with tempfile.TemporaryDirectory(prefix="decant-") as folder:
        root = Path.cwd() if here else Path(folder) / chosen.folder
        if not here:
            clone.fresh(Path.cwd(), root)
        before, tasks = known(root), clone.params(root)["tasks"]
        others = differences(root, tasks)
        if environment == "narrow":
            others["instructions"] = chosen.words
        kept = {task: keep(root, task, before) for task in tasks} if others else {}
        clone.repro(root, chosen, *FRESH, scratch=Path(folder) / "locale")
        after = objects.recorded(Store(root))
        doubts = surroundings.doubts(chosen, surroundings.variables(chosen, Path(folder) / "locale"))
        result = Compared(ROWS if others else BYTES, others, environment, doubts)
        result.timings = sum(len(outs) for stage, outs in before.items() if alike.stage_of(stage) in alike.TIMINGS)
        bytewise = {stage: outs for stage, outs in before.items() if not others or exact(stage, others)}
        result.outs = sum(len(outs) for stage, outs in bytewise.items() if alike.stage_of(stage) not in alike.TIMINGS)
        result.differing = alike.differing(bytewise, after)
        for task, (rows, figures) in kept.items():
            result.answers[task] = alike.answers(rows, root / paths.predictions(task))
            result.figures[task] = alike.figures(figures, read_json(root / paths.metrics(task, "test")))
    result.minutes = round((time.monotonic() - start) / 60, 1)
    return result


def known(root: Path) -> dict[str, dict[str, Out]]:
    """The outs that dvc.lock has.

    Raises CacheError: it lacks some.
    """
    before = objects.recorded(Store(root))
    lacking = [stage for stage, outs in before.items() if not all(out.md5 for out in outs.values())]
    if lacking:
        raise CacheError(
            f"dvc.lock has no outs of {', '.join(lacking)}: nothing to compare with. Run dvc repro, and commit"
        )
    return before


def exact(stage: str, others: dict[str, str]) -> bool:
    """Whether a stage writes the same bytes on another processor; with other libraries nothing is sure."""
    return alike.stage_of(stage) in alike.EXACT and not set(others) & set(LIBRARIES)


def differences(root: Path, tasks: list[str]) -> dict[str, str]:
    """What is other here than where the figures of these tasks were made.

    Raises CacheError: a task has no provenance.json.
    """
    now, found = provenance.environment(), {}
    for task in tasks:
        made = read_json(root / paths.metrics(task, "provenance"))
        for name in MACHINE:
            if made.get(name) != now[name]:
                found[name] = f"from {made.get(name, 'unknown')} to {now[name]}"
    return found


def keep(root: Path, task: str, before: dict[str, dict[str, Out]]) -> tuple[Path, dict]:
    """The recorded predictions, in the cache of this clone, and figures.

    Raises CacheError: neither the cache nor the remote has the predictions.
    """
    path = paths.predictions(task)
    md5 = next((outs[str(path)].md5 for outs in before.values() if str(path) in outs), "")
    try:
        rows = Store().find(md5)
    except CacheError as error:
        raise CacheError(
            f"{path}: {error}. On another processor its rows are compared; get it: dvc fetch {path}"
        ) from None
    return rows, read_json(root / paths.metrics(task, "test"))
