"""What training looks at after each epoch: valid metrics of a classifier's raw logits."""

import numpy as np

from decant import decision
from decant.heads import Head, probabilities
from decant.scoring.calibration import nll
from decant.scoring.metrics import ranking, regression, summary


def measure(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...], rule: dict) -> dict[str, float]:
    """accuracy, F1s and AUCs of the decision with every threshold at 0.5, and nll, the mean over the heads.

    Thresholds come later and from other rows; 0.5 is what an uncalibrated model means by "likelier than not".
    """
    chances = probabilities(logits, heads)
    gold = decision.gold(rule, heads, targets)
    names = decision.classes(rule, heads)
    answers = decision.decide(rule, heads, chances, dict.fromkeys(names, 0.5))
    found = summary(gold, answers) | ranking(gold, decision.scores(rule, heads, chances))
    found |= {f"{name}_mae": values["mae"] for name, values in regression(heads, targets, chances).items()}
    return found | {"nll": float(np.mean([nll(logits, targets, head) for head in heads if head.kind != "regression"]))}
