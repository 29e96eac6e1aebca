"""What `prove` has done so far, kept on disk so that it can go on, and written as a table at its end."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from decant.errors import CacheError
from decant.files import read_json, write_json
from decant.proofs.kills import KINDS, Kill
from decant.proofs.objects import Out
from decant.proofs.outcomes import Outcome
from decant.proofs.subject import Subject


@dataclass
class Record:
    task: str
    seed: int
    commit: str
    seconds: dict[str, float] = field(default_factory=dict)  # of each stage in the undisturbed run
    reference: dict[str, dict] = field(default_factory=dict)  # stage -> path -> md5, whether dvc keeps it
    kills: list[Kill] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    done: list[str] = field(default_factory=list)  # parts that came to their end
    left: list[str] = field(default_factory=list)  # parts that time did not reach

    def write(self, file: Path) -> None:
        write_json(file, asdict(self))

    def keep(self, subject: Subject) -> None:
        """The reference of a subject."""
        self.seconds = subject.seconds
        self.reference = {
            stage: {path: list(out) for path, out in outs.items()} for stage, outs in subject.reference.items()
        }

    def give(self, subject: Subject) -> None:
        """It, to a subject of another process."""
        subject.seconds = self.seconds
        subject.reference = {
            stage: {path: Out(*entry) for path, entry in outs.items()} for stage, outs in self.reference.items()
        }

    @property
    def bad(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.good]

    def table(self, machine: dict[str, str]) -> dict:
        """All of it, with totals, as metrics/proofs/<task>.json has it."""
        hits = {stage: {kind: 0 for kind in KINDS} for stage in self.seconds}
        for kill in self.kills:
            hits[kill.stage][kill.kind] += 1
        return {
            "task": self.task,
            "seed": self.seed,
            "machine": machine | {"commit": self.commit},
            "kills": {
                "n": len(self.kills),
                "stages": len(hits),
                "stages_hit": sum(any(counts.values()) for counts in hits.values()),
                "half_written_at_that_moment": sum(len(kill.halves) for kill in self.kills),
                "damaged_objects_at_that_moment": sum(len(kill.damaged) for kill in self.kills),
                "deaf": sum(kill.deaf for kill in self.kills),
                "by_stage": hits,
            },
            "faults": [asdict(outcome) for outcome in self.outcomes],
            "n": len(self.outcomes),
            "lost": sum(len(outcome.lost) for outcome in self.outcomes),
            "differing": sum(len(outcome.differing) for outcome in self.outcomes),
            "wrong": sum(len(outcome.wrong) for outcome in self.outcomes),
            "not_run": self.left,
        }


def read(file: Path, task: str, seed: int, commit: str) -> Record:
    """Raises CacheError: there is none, or it is of another task, seed or commit."""
    tree = read_json(file) if file.exists() else {}
    given, found = (task, seed, commit), tuple(tree.get(name) for name in ("task", "seed", "commit"))
    if found != given:
        raise CacheError(
            f"{file}: of task, seed and commit {found}, asked for are {given}. Begin anew: leave out --resume"
        )
    tree["kills"] = [Kill(**kill) for kill in tree["kills"]]
    tree["outcomes"] = [Outcome(**outcome) for outcome in tree["outcomes"]]
    return Record(**tree)
