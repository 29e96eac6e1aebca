"""How often fresh rows break a cap on false alarms: python -m benchmarks.caps [--sets 1000]

Draws calibration rows whose scores are known distributions (labels of a fifth of the rows each, normal scores, half of
the noise shared by the labels), tunes thresholds on them as the stage does, and asks a population of 200,000 rows whether
any capped label now fires too often. Prints, per policy, the share of tunings that break a cap, what the stage says about
it (`breaks_at_most` or `breaks_about`, the mean), and the mean recall of the capped labels. "each alone" is how caps were
held before they were held together: every bound had the whole confidence.
"""

import argparse
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from decant import decision
from decant.heads import layout
from decant.settings.thresholds import Thresholds
from stages import thresholds

CONFIDENCE, SEED = 0.95, 13
POPULATION = 200_000  # rows: a rate of 0.05 is known to 0.0005
SHARE, SHIFT, SHARED = 0.2, 2.2, 0.5
POLICIES = ("empirical", "each alone", "risk_controlled")


class Case(NamedTuple):
    name: str
    rows: int
    labels: int
    cap: float
    priority: bool = False


CASES = (
    Case("one cap", 634, 1, 0.02),
    Case("one cap", 400, 1, 0.05),
    Case("five caps", 400, 5, 0.05),
    Case("five caps", 1000, 5, 0.05),
    Case("two caps, priority", 634, 2, 0.05, priority=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000, help="data sets per case and policy")
    options = parser.parse_args()
    print(f"{options.sets} tunings each")
    print(f"{'case':20} {'rows':>5} {'cap':>5} {'policy':16} {'break':>7} {'said':>7} {'recall':>7}")
    for case in CASES:
        for policy in POLICIES:
            broken, said, recall = measure(case, policy, options.sets)
            print(f"{case.name:20} {case.rows:5} {case.cap:5} {policy:16} {broken:7.1%} {said:7.1%} {recall:7.1%}")


def measure(case: Case, policy: str, sets: int) -> tuple[float, float, float]:
    """Share of tunings whose thresholds break a cap in the population, what the stage says of that, and mean recall."""
    rng = np.random.default_rng(SEED)
    chances, gold = draw(case, POPULATION, rng)
    rule, heads = problem(case)
    found = []
    for _ in tqdm(range(sets), desc=f"{case.name}, {policy}", unit="set", leave=False):
        tuned, report = thresholds.tune(rule, heads, *draw(case, case.rows, rng), settings(case, policy))
        answers = decision.decide(rule, heads, chances, tuned)[:, : case.labels]
        truth = gold[:, : case.labels]
        rates = (answers & ~truth).sum(axis=0) / (~truth).sum(axis=0)
        said = report.get("breaks_at_most", report.get("breaks_about"))
        found.append(((rates > case.cap).any(), said, (answers & truth).sum() / truth.sum()))
    return tuple(np.mean(found, axis=0).tolist())


def settings(case: Case, policy: str) -> Thresholds:
    """For "each alone" the confidence of all together is so low that each bound has the whole of it."""
    caps = dict.fromkeys(names(case), case.cap)
    confidence = 1 - case.labels * (1 - CONFIDENCE) if policy == "each alone" else CONFIDENCE
    known = "empirical" if policy == "empirical" else "risk_controlled"
    return Thresholds(policy=known, confidence=confidence, rows=["calib"], caps=caps)


def names(case: Case) -> list[str]:
    return [f"label_{number}" for number in range(case.labels)]


def problem(case: Case):
    heads = layout({"labels": {"kind": "sigmoid", "labels": names(case)}})
    if case.priority:
        return decision.Rule("priority", order=tuple(names(case)), otherwise="rest"), heads
    return decision.Rule("thresholds", head="labels"), heads


def draw(case: Case, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Chances (n, labels) and the rule's gold answers."""
    held = rng.random((n, case.labels)) < SHARE
    noise = np.sqrt(SHARED) * rng.standard_normal((n, 1)) + np.sqrt(1 - SHARED) * rng.standard_normal(held.shape)
    return 1 / (1 + np.exp(-(noise + SHIFT * held))), decision.gold(*problem(case), held.astype(float))


if __name__ == "__main__":
    main()
