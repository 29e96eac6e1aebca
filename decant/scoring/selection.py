"""What training looks at after each epoch, valid metrics of a classifier's raw logits, and the epoch they pick.

Without torch: whoever reads how a training went needs none.
"""

import numpy as np
import pandas as pd

from decant import decision
from decant.heads import labelled, probabilities
from decant.problem import Problem
from decant.scoring.calibration import nll
from decant.scoring.metrics import ranking, regression, summary


def measure(logits: np.ndarray, targets: np.ndarray, problem: Problem) -> dict[str, float]:
    """accuracy, F1s and AUCs of the decision with every threshold at 0.5, and nll, the mean over the heads.

    Thresholds come later and from other rows; 0.5 is what an uncalibrated model means by "likelier than not".
    """
    heads, rule = problem.heads, problem.rule
    chances = probabilities(logits, heads)
    gold = decision.gold(rule, heads, targets)
    names = decision.classes(rule, heads)
    answers = decision.decide(rule, heads, chances, dict.fromkeys(names, 0.5))
    scores = summary(gold, answers) | ranking(gold, decision.scores(rule, heads, chances))
    scores |= {f"{name}_mae": values["mae"] for name, values in regression(heads, targets, chances).items()}
    return scores | {"nll": float(np.mean([nll(logits, targets, head) for head in labelled(heads)]))}


def best(epochs: pd.DataFrame, select: str) -> dict[str, float]:
    """The valid metrics of the epoch that was kept: the first best one."""
    column = epochs[f"valid_{select}"]
    return epochs.iloc[int(column.argmin() if select == "nll" else column.argmax())].to_dict()
