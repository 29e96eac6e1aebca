"""Does a fault lose anything? A clone is killed, filled up, damaged and shared, and `dvc repro` has to bring all of it back."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from decant import paths
from decant.errors import CacheError, ParamsError
from decant.files import write_json, writing
from decant.progress import bar
from decant.proofs import alike, clone, damaging, disk, kills, records, sharing, table
from decant.proofs.outcomes import Outcome
from decant.proofs.records import Record
from decant.proofs.subject import Harm, Subject, remove
from decant.verdict import provenance

WORK = Path(".work/proofs")  # where git looks for nothing
FOLDER = paths.metrics("proofs", "all").parent
SOME = 4  # stages that a fault which needs a stage is tried on; the quicker half of all is drawn from
UNDISTURBED = "undisturbed run"


def prove(
    task: str, seed: int = 13, rounds: int = 1, minutes: float = 120, resume: bool = False, work: Path = WORK,
    parts: list[str] | None = None,
) -> dict:  # fmt: skip
    """Run all parts, or those that are named; writes metrics/proofs/<task>.json and .md, and returns the first.

    rounds: how often each stage is killed, by another kind each time. minutes: after which nothing new is begun. resume: go on
    with what an earlier call has done.

    Raises ParamsError: no such task. CacheError: the undisturbed run stopped, or there is nothing to resume.
    """
    todo = plan(rounds)
    if unknown := sorted(set(parts or []) - set(todo)):
        raise ParamsError(f"--only: found {', '.join(unknown)}; parts are {', '.join(todo)}")
    todo = {name: part for name, part in todo.items() if name in (parts or todo)}
    deadline, commit = time.monotonic() + 60 * minutes, provenance.commit()
    place = work.absolute() / task
    if resume:
        record = records.read(place / "record.json", task, seed, commit)
    else:
        remove(place)
        prepare(task, place / "subject")
        record = Record(task, seed, commit)
    subject = Subject(place / "subject")
    record.give(subject)
    record.left = []
    with bar(what="proofs", unit="part", total=len(todo) + 1) as shown:
        if not record.reference:
            subject.measure()
            record.keep(subject)
            record.write(place / "record.json")
        shown.update()
        for name, part in todo.items():
            shown.set_postfix_str(name, refresh=sys.stderr.isatty())
            if name not in record.done:
                if time.monotonic() > deadline:
                    record.left.append(name)
                else:
                    attempt(name, part, subject, record, place, lambda: time.monotonic() > deadline)
                record.write(place / "record.json")
            shown.update()
    return write(record)


def prepare(task: str, root: Path) -> None:
    """The clone, which builds this task alone.

    Raises ParamsError: no such task.
    """
    clone.fresh(Path.cwd(), root)
    if task not in clone.params(root):
        raise ParamsError(f"params.yaml: no task block named {task!r}")
    file = root / "params.yaml"
    text = re.sub(r"(?m)^tasks: \[.*?\]", f"tasks: [{task}]", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    for place in clone.outside(clone.params(root)):
        if place.is_dir() and not (root / place).exists():
            raise CacheError(f"{place}: missing in the clone")
    words = [
        "-c",
        "user.name=proof",
        "-c",
        "user.email=proof@example.test",
        "commit",
        "--quiet",
        "--all",
        "--allow-empty",
    ]
    subprocess.run(["git", *words, "--message", f"{task} alone"], cwd=root, check=True)


def plan(rounds: int) -> dict[str, Callable]:
    """Name -> part, in order. A part takes the subject, chance, the folder to work in, the record, and whether it is late."""
    rounds_ = {f"kills {number + 1}": killing(number) for number in range(rounds)}
    return rounds_ | {
        "full disk": lambda s, c, w, *_: disk.full(s, c, some(s, c), w),
        "read-only outs": lambda s, c, *_: disk.read_only(s, some(s, c)),
        "flipped bytes": lambda s, c, *_: damaging.flipped(s, c, some(s, c, cached=True)),
        "objects cut short": lambda s, c, *_: damaging.cut_in_cache(s, c, some(s, c, cached=True)),
        "truncated outs": lambda s, c, *_: damaging.truncated(s, c),
        "two at once": lambda s, c, *_: sharing.at_once(s, c, some(s, c)),
        **{kind: lambda s, c, w, r, late, kind=kind: sharing.links(s, (kind,)) for kind in sharing.LINKS},
        "dying server": lambda s, c, w, *_: sharing.dying_server(s, c, w),
        "killed push": lambda s, c, w, *_: sharing.killed_push(s, c, w),
    }


def killing(number: int) -> Callable:
    """A round of kills: each stage by the kind that is its turn."""

    def part(subject: Subject, chance: random.Random, work: Path, record: Record, late: Callable) -> list[Outcome]:
        before, kinds = [kill.stage for kill in record.kills], list(kills.KINDS)
        wanted = {
            stage: kinds[(place + number + record.seed) % len(kinds)]
            for place, stage in enumerate(subject.reference)
            if before.count(stage) <= number
        }

        def noted(kill: kills.Kill) -> None:
            record.kills.append(kill)
            record.write(work / "record.json")

        kills.a_pass(subject, chance, wanted, noted, late)
        harm: Harm = subject.harm()
        after = record.kills[len(before) :]
        missed = sorted(set(wanted) - {kill.stage for kill in after})
        wrong = [f"{kill.stage}: did not end on {kill.kind}" for kill in after if kill.deaf]
        ended = f"{len(after)} kills" + (f"; over too soon: {', '.join(missed)}" if missed else "")
        return [Outcome("kills", "every stage", ended, harm.differing, harm.lost, wrong)]

    return part


def attempt(name: str, part: Callable, subject: Subject, record: Record, place: Path, late: Callable) -> None:
    """One part; where it leaves harm, or breaks off, the subject is built anew for the next."""
    chance = random.Random(f"{record.seed} {name}")
    try:
        found = part(subject, chance, place, record, late)
    except (CacheError, OSError, subprocess.SubprocessError) as error:
        found = [Outcome(name, "all of it", "broke off", wrong=[str(error)[-500:]])]
    record.outcomes += found
    if name.startswith("kills") and late() and len({kill.stage for kill in record.kills}) < len(record.reference):
        record.left.append(name)  # --resume goes on with it
    else:
        record.done.append(name)
    if not all(outcome.good for outcome in found):
        subject.reset()
        subject.whole()


def some(subject: Subject, chance: random.Random, cached: bool = False) -> list[str]:
    """Stages at random, of the quicker half: they are as good, and the others train for minutes."""
    there = [
        stage
        for stage, outs in subject.repeating().items()
        if alike.stage_of(stage) != "check" and (not cached or any(out.cached for out in outs.values()))
    ]
    there.sort(key=lambda stage: subject.seconds.get(stage, 0.0))
    quick = there[: max(SOME, len(there) // 2)]
    return chance.sample(quick, min(SOME, len(quick)))


def write(record: Record) -> dict:
    """The table and its page."""
    found = record.table(provenance.environment())
    write_json(FOLDER / f"{record.task}.json", found)
    with writing(FOLDER / f"{record.task}.md") as partial:
        partial.write_text(table.page(found), encoding="utf-8")
    return found
