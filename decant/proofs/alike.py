"""Whether two runs say the same: byte by byte, or, between processors, row by row and figure by figure.

Floating point differs in its last bits between processors, training carries them on, and a row that lies near a threshold
changes its answer. Two students of one seed on two processors are as two draws: so each row is compared, and counted.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from decant.errors import CacheError
from decant.proofs.objects import Out

TIMINGS = ("benchmark",)  # stages whose outs never repeat
EXACT = ("check", "demo", "prepare", "split", "unlabelled", "encoder")  # stages that calculate nothing: alike anywhere
ANSWERS = 0.95  # of the test rows have the answer that was recorded
FIGURES = (
    "accuracy",
    "macro_f1",
    "micro_f1",
    "micro_auc",
    "macro_auc",
)  # stay in their intervals; those of one class jump with a row
NOT_ANSWERS = ("id", "text", "answer")  # other columns of predictions.parquet that hold texts are contestants


@dataclass
class Differing:
    stage: str
    path: str
    recorded: str  # md5; "" for none
    found: str

    @property
    def words(self) -> str:
        return f"{self.stage}: {self.path}: {self.recorded[:8] or 'none'} was recorded, {self.found[:8] or 'none'} came out"


def stage_of(addressing: str) -> str:
    """teacher@demo-minilm-13 is a teacher."""
    return addressing.split("@")[0]


def differing(before: dict[str, dict[str, Out]], after: dict[str, dict[str, Out]]) -> list[Differing]:
    """Outs with another md5, in the order of the stages; of timings none."""
    found = []
    for stage, outs in before.items():
        if stage_of(stage) in TIMINGS:
            continue
        now = after.get(stage, {})
        found += [
            Differing(stage, path, out.md5, now[path].md5 if path in now else "")
            for path, out in outs.items()
            if path not in now or now[path].md5 != out.md5
        ]
    return found


def answers(recorded: Path, found: Path) -> dict[str, dict[str, float]]:
    """Contestant -> n, rows with the recorded answer, their share; and of the scores the largest difference.

    Raises CacheError: they are not about the same rows, in the same order.
    """
    old, new = pd.read_parquet(recorded), pd.read_parquet(found)
    if old["id"].tolist() != new["id"].tolist() or old["text"].tolist() != new["text"].tolist():
        raise CacheError(f"{found}: other test rows than were recorded, so that nothing can be compared row by row")
    names = [name for name in old if name not in NOT_ANSWERS and pd.api.types.is_string_dtype(old[name])]
    result = {}
    for name in names:
        same = int((old[name] == new[name]).sum()) if name in new else 0
        result[name] = {"n": len(old), "same": same, "share": same / len(old)}
    return result


def scores(recorded: Path, found: Path) -> float:
    """The largest difference of a score of what ships, over rows and labels; missing numbers (NaN) are the largest, 1."""
    old, new = (pd.read_parquet(file).filter(regex="^score_") for file in (recorded, found))
    if list(old) != list(new) or len(old) != len(new):
        return 1.0
    return float((old - new).abs().fillna(1.0).to_numpy().max()) if old.size else 0.0


def figures(recorded: dict, found: dict) -> dict[str, dict[str, float]]:
    """contestant.figure -> value that was recorded, its interval, and the value now; of those of all test rows (test.json).

    One that is missing now is NaN, and holds nowhere.
    """
    apart = {}
    for name, entry in recorded.items():
        for figure in FIGURES:
            if isinstance(entry, dict) and f"{figure}_low" in entry:
                low, high = entry[f"{figure}_low"], entry[f"{figure}_high"]
                now = found.get(name, {}).get(figure, float("nan"))
                apart[f"{name}.{figure}"] = {"recorded": entry[figure], "low": low, "high": high, "found": now}
    return apart


def outlying(figures: dict[str, dict[str, float]]) -> list[str]:
    """The names of figures that left their interval."""
    return [name for name, entry in figures.items() if not entry["low"] <= entry["found"] <= entry["high"]]
