"""What a report is made from: the metrics files of a task, and the names that stand in them."""

from dataclasses import dataclass

import pandas as pd

from decant.keys import STUDENT_INT8
from decant.shipping import shipped

MANY = 6  # classes that one table can show next to something else


@dataclass(frozen=True)
class Facts:
    task: str
    metrics: dict[str, dict]  # name of a metrics file -> its content
    plots: dict[str, pd.DataFrame]  # name of a table of evaluate -> the table
    tables: dict[str, pd.DataFrame]  # of learning: teachers, capacity
    labels: dict[str, str]  # key of a class in the metrics files -> its name
    several: bool  # whether any of the classes may hold
    caps: dict[str, float]  # class -> highest false-positive rate
    policy: str  # of the thresholds
    tuned_on: list[str]  # splits of the thresholds
    confidence: float  # of the intervals of test
    seeds: list[int]
    encoders: list[str]

    @property
    def contestants(self) -> dict[str, dict]:
        """name -> figures on test, the best first, by the measure that the task leads with."""
        known = {name: entry for name, entry in self.metrics["test"].items() if "accuracy" in entry}
        return dict(sorted(known.items(), key=lambda item: -item[1].get(self.measures[0], 0)))

    @property
    def ships(self) -> str:
        """The contestant that the bundle holds."""
        return shipped(self.metrics["test"])

    @property
    def shipped(self) -> dict:
        return self.metrics["test"][self.ships]

    @property
    def size(self) -> int:
        """Bytes of what ships: the int8 file, or the whole bundle of a linear model."""
        if self.ships == STUDENT_INT8:
            return self.metrics["quantize"]["bytes"]
        return next(int(row.bytes) for row in self.plots["sizes"].itertuples() if row.contestant == self.ships)

    @property
    def n(self) -> int:
        return self.shipped["n"]

    @property
    def measures(self) -> tuple[str, ...]:
        """The figures of a contestant, the two that lead first. Where any label may hold, a row that is right in all of them
        is rare, and says little of the labels; where one holds, micro F1 is accuracy."""
        if self.several and "micro_auc" in self.shipped:
            return ("micro_auc", "macro_f1", "macro_auc", "micro_f1", "accuracy")
        return ("macro_f1", "accuracy", *(("micro_auc", "macro_auc") if "micro_auc" in self.shipped else ()))

    def called(self, measure: str) -> str:
        """A measure in words."""
        names = {"macro_f1": "macro F1", "micro_f1": "micro F1", "micro_auc": "micro AUC", "macro_auc": "macro AUC"}
        names["accuracy"] = "exact match" if self.several else "accuracy"
        return names.get(measure, measure)

    @property
    def promise(self) -> str:
        """How often the policy of the thresholds lets a cap break, in words; empty without caps."""
        tuned = self.metrics["thresholds"]
        caps = "the cap" if len(self.caps) == 1 else "one of the caps"
        if "breaks_at_most" in tuned:
            return f"Tuned so that fresh rows break {caps} in at most {tuned['breaks_at_most']:.0%} of such tunings."
        if "breaks_about" in tuned:
            return (
                f"Under this policy fresh rows break {caps} in about {tuned['breaks_about']:.0%} of such tunings: it asks of "
                "these rows alone, and promises nothing of others."
            )
        return ""

    @property
    def positive(self) -> str:
        """The class that a yes-or-no summary is about: the first one with a cap, else of two classes the rarer one, and of
        more the most frequent, on which most rows stand."""
        support = {label: self.shipped["classes"][key]["support"] for key, label in self.labels.items()}
        return next(iter(self.caps), (min if len(support) == 2 else max)(support, key=support.get))
