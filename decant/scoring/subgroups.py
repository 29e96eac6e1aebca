"""How one model does on parts of the rows: by length, links, what the data says of them, authors known and new, and time."""

from itertools import pairwise

import numpy as np
import pandas as pd

from decant.files import slug
from decant.keys import bounds, class_keys
from decant.scoring import intervals, metrics

LENGTHS = (0, 40, 100, 200, 10**9)  # characters; the references report posts under 40 apart


def groups(frame: pd.DataFrame, slices: list[str], trained: pd.DataFrame) -> dict[str, np.ndarray]:
    """Group -> (n,) booleans. Groups without a row, and those that all rows are in, are left out.

    frame: the rows, with length and has_url; a slice is "" where a row has none. trained: the slices of train, which tell an
    author that the model has learnt from apart from a new one. time: where the data has it, halves at the median.
    """
    found = {
        f"length_{low}_{high}" if high < 10**9 else f"length_{low}_up": frame["length"].between(low, high - 1)
        for low, high in pairwise(LENGTHS)
    }
    found |= {"with_url": frame["has_url"], "without_url": ~frame["has_url"]}
    for name in slices:
        has = frame[name] != ""
        found |= {f"with_{slug(name)}": has, f"without_{slug(name)}": ~has}
        known = frame[name].isin(set(trained[name]))
        if (has & ~known).any():  # all of them known: no other group than with_
            found |= {f"{slug(name)}_seen_in_train": has & known, f"{slug(name)}_unseen_in_train": has & ~known}
    if "time" in frame:
        later = frame["time"] > frame["time"].median()
        found |= {"earlier_half": ~later & frame["time"].notna(), "later_half": later}
    masks = {group: chosen.to_numpy(dtype=bool) for group, chosen in found.items()}
    return {group: chosen for group, chosen in masks.items() if chosen.any() and not chosen.all()}


def figures(
    masks: dict[str, np.ndarray],
    names: list[str],
    gold: np.ndarray,
    answers: np.ndarray,
    least: int,
    confidence: float,
) -> dict[str, dict]:
    """Per group n and, where it has at least `least` rows, accuracy and macro F1 with intervals, and per class its support,
    FPR and (with any support) recall.

    masks: of groups. gold, answers: (n, k). The intervals are those of `intervals.headline`.
    """
    result, keys = {}, class_keys(names)
    for group, chosen in masks.items():
        truth, given = gold[chosen], answers[chosen]
        result[group] = {"n": len(truth)}
        if len(truth) < least:
            continue
        whole = metrics.summary(truth, given)
        result[group] |= {key: whole[key] for key in ("accuracy", "macro_f1")}
        right = int((truth == given).all(axis=1).sum())
        result[group] |= zip(bounds("accuracy"), metrics.binomial_interval(right, len(truth), confidence), strict=True)
        result[group] |= intervals.flat({"macro_f1": intervals.macro_f1(truth, given, confidence)})
        each = metrics.rates(metrics.counts(truth, given))
        result[group]["classes"] = {}
        for column, name in enumerate(names):
            support = int(truth[:, column].sum())
            entry = {"support": support, "fpr": each["fpr"][column]}
            result[group]["classes"][keys[name]] = entry | ({"recall": each["recall"][column]} if support else {})
    return result
