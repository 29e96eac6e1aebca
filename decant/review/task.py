"""One task in two revisions: all that the comment says of it, found but not yet written down."""

from dataclasses import dataclass, field

from decant import paths
from decant.errors import CacheError
from decant.review import answers, changes, figures, gates, pairing
from decant.review.changes import Change
from decant.review.difference import BETTER, CONFIDENCE, WORSE, Compared
from decant.review.gates import Gate
from decant.review.pairing import Pairing
from decant.review.revision import Revision
from decant.review.store import Store
from decant.scoring import intervals, wording
from decant.shipping import shipped

UNSURE = "not judged"


@dataclass
class Review:
    task: str
    old_verdict: str | None
    new_verdict: str | None
    old_gates: dict[str, Gate]
    new_gates: dict[str, Gate]
    measure: str  # key of the figure that the task is judged by
    sentence: str
    judged: dict[str, str] = field(default_factory=dict)  # gate -> better, worse, noise, same or not judged
    pairing: Pairing | None = None
    without: str = ""  # why rows could not be paired
    mended: list[str] = field(default_factory=list)  # ids
    broken: list[str] = field(default_factory=list)
    timed: list[Change] = field(default_factory=list)
    untimed: str = ""  # why size and speed are not compared
    metrics: list[Change] = field(default_factory=list)

    @property
    def unchanged(self) -> bool:
        """Nothing that a reader would want to see: a gate that reads the same in another layout is no change."""
        shown = [{name: (gate.value, gate.bound, gate.result) for name, gate in gates.items()}
                 for gates in (self.old_gates, self.new_gates)]  # fmt: skip
        same = [len(shown[0]) == len(shown[1]), self.old_verdict == self.new_verdict, not self.metrics, not self.timed]
        same += [
            name in shown[1] and all(map(changes.alike, entry, shown[1][name])) for name, entry in shown[0].items()
        ]
        return all(same) and not (self.mended or self.broken or (self.pairing and self.pairing.relabelled))


def tasks(base: Revision, head: Revision) -> list[str]:
    """Tasks that either revision has figures of, or builds; those that are built now come first."""
    built = [name for side in (head, base) for name in side.yaml("params.yaml").get("tasks") or []]
    folder = paths.leaderboard().parent.as_posix()
    measured = [path.split("/")[1] for side in (head, base) for path in side.files(folder) if path.count("/") > 1]
    return list(dict.fromkeys([*built, *sorted(measured)]))


def review(base: Revision, head: Revision, task: str, store: Store) -> Review:
    """Raises RevisionError: a file of either revision that cannot be read."""
    sides = (base, head)
    checked = [side.json(paths.checked(task).as_posix()) for side in sides]
    tests = [side.json(paths.metrics(task, "test").as_posix()) for side in sides]
    gate_file = paths.metrics(task, "gate").as_posix()
    (old_verdict, old_gates), (new_verdict, new_gates) = (
        gates.read(side, gate_file, gates.settings_of(sections)) for side, sections in zip(sides, checked, strict=True)
    )
    timed, untimed = changes.benchmark(base, head, task)
    found = Review(
        task, old_verdict, new_verdict, old_gates, new_gates,
        measure=gates.measure(new_gates or old_gates), sentence="",
        timed=timed, untimed=untimed, metrics=changes.metrics(base, head, task),
    )  # fmt: skip
    if not (tests[0] and tests[1]):
        which = {(False, False): "no figures yet", (False, True): "new", (True, False): "removed"}
        found.sentence = which[bool(tests[0]), bool(tests[1])]
        return found
    digests = [answers.md5_of(side, task) for side in sides]
    if found.unchanged and digests[0] is not None and digests[0] == digests[1]:
        return found  # no answers have to be fetched
    confidence = checked[1].get("evaluate", {}).get("confidence", CONFIDENCE)
    try:
        tables = [answers.read(side, task, store, shipped(test)) for side, test in zip(sides, tests, strict=True)]
        found.pairing = pairing.pair(*tables, figures.names_of(checked[1]))
    except CacheError as error:
        found.without = str(error)
    else:
        paired(found, confidence, checked[1], tests)
    if not found.sentence:
        by_figures(found, *tests)
    return found


def paired(found: Review, confidence: float, checked: dict, tests: list[dict]) -> None:
    """Judge the gates, and the task, by the rows that both revisions have. tests: test.json of both, the old one first."""
    names, ships = figures.names_of(checked), dict(zip(("old", "new"), map(shipped, tests), strict=True))
    compared = Compared(found.pairing, names, ships, confidence)
    found.mended, found.broken = pairing.flipped(found.pairing, ships, names)
    for name, gate in found.new_gates.items():
        terms = gates.terms(gate, figures.keys_of(tests[1]), names)
        change = compared.difference(terms) if terms and gate.side else None
        if change is not None:
            found.judged[name] = change.verdict(gate.side)
    change = compared.difference([(1, figures.OURS, found.measure)])
    if change is not None:
        old, new = compared.side("old", figures.OURS), compared.side("new", figures.OURS)
        if (old[0] == new[0]).all():
            found.sentence = f"the same answer on each of the {len(new[0]):,} rows that both have"
            return
        entry = intervals.flat({found.measure: (change.value, change.low, change.high)})
        rows = intervals.changes(compared.gold, new[0], old[0])._asdict()
        found.sentence = wording.sentence(entry | rows, "before", found.measure)


def by_figures(found: Review, old: dict, new: dict) -> None:
    """Judge by the metrics of both revisions: without rows, only intervals that lie apart tell more than noise."""
    name, key = wording.NAMES[found.measure], found.measure
    before, after = (test.get(shipped(test), {}) for test in (old, new))
    if key not in before or key not in after:
        found.sentence = f"{name} is not in both revisions"
        return
    change = f"{name} {before[key]:.3f} -> {after[key]:.3f}"
    ends = [entry.get(f"{key}_{end}") for entry in (before, after) for end in ("low", "high")]
    word = apart(*ends) if None not in ends else None
    said = {None: "whether that is more than noise cannot be said", BETTER: "better, the intervals lie apart",
            WORSE: "worse, the intervals lie apart"}  # fmt: skip
    found.sentence = f"{change}: {said[word]}"


def apart(old_low: float, old_high: float, new_low: float, new_high: float) -> str | None:
    """Which of two intervals lies above the other, without a common point; None: neither."""
    return BETTER if new_low > old_high else WORSE if new_high < old_low else None


def change_of(name: str, found: Review) -> str:
    """What the last column of the table of gates says."""
    if name in found.judged:
        return found.judged[name]
    old, new = found.old_gates.get(name), found.new_gates.get(name)
    if old is None or new is None:
        return "new" if old is None else "removed"
    if old.value == new.value:
        return "same"
    if new.side and None not in (old.low, old.high, new.low, new.high):
        word = apart(old.low, old.high, new.low, new.high)
        return UNSURE if word is None else word if new.side == "min" else {BETTER: WORSE, WORSE: BETTER}[word]
    return UNSURE
