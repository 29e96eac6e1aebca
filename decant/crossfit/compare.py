"""Two settings on the same rows: what the second has over the first, contestant by contestant, and what it costs."""

from decant.crossfit import figures
from decant.crossfit.plan import Plan
from decant.crossfit.pooled import Pooled
from decant.data import duplicates
from decant.errors import DataError, ParamsError
from decant.keys import class_keys
from decant.scoring import drawn, intervals

LEVEL = figures.PRECISION


def refuse_same(first: Plan, second: Plan) -> None:
    """Raises ParamsError: nothing that the road reads differs."""
    if first.key == second.key:
        raise ParamsError(
            f"{first.name} and {second.name} are one run of {first.task}: nothing differs between them that its road reads "
            "(gates, capacity and the like change no answer)"
        )


def refuse_others(first: Pooled, second: Pooled) -> None:
    """Raises DataError: other rows, other classes, or other labels of a row. Then a difference would not be of the settings."""
    ours, theirs = set(first.ids), set(second.ids)
    if ours != theirs:
        raise DataError(
            f"the two were measured on other rows: {len(ours - theirs)} are in the first alone, {len(theirs - ours)} in the second "
            f"alone, e.g. {min(ours ^ theirs)!r}. An overlay that drops, adds or divides rows (source, duplicates, cleaning, "
            "split) cannot be compared"
        )
    if first.said.names != second.said.names:
        raise DataError(
            f"the two decide between other classes: {', '.join(first.said.names)}; {', '.join(second.said.names)}"
        )
    other = (first.said.gold != second.said.gold).any(axis=1)
    if other.any():
        raise DataError(
            f"the two have other labels for {int(other.sum())} rows, e.g. {first.ids[int(other.argmax())]!r}; an overlay that "
            "changes labels cannot be compared"
        )


def compare(plans: tuple[Plan, Plan], pools: tuple[Pooled, Pooled]) -> dict:
    """Contestant -> measure -> both values, second minus first with its interval over the rows and over the folds.

    A measure is accuracy, macro_f1, micro_auc, macro_auc or, of a class, <key>.fpr and <key>.average_precision. The interval
    over the rows is of these models; that over the folds is wider or narrower by what training again would change.

    Raises DataError: see `refuse_others`.
    """
    first, second = pools
    refuse_others(first, second)
    confidence = plans[0].settings.evaluate.confidence
    together = duplicates.joined(first.together, second.together)
    both = [name for name in first.said.answers if name in second.said.answers]
    found = {}
    for name in both:
        same = (first.said.chances[name] == second.said.chances[name]).all()
        same &= (first.said.answers[name] == second.said.answers[name]).all()
        found[name] = {"same": bool(same), "measures": measures(name, pools, together, plans[0].folds, confidence)}
    return {
        "task": plans[0].task,
        "folds": plans[0].folds,
        "rows": plans[0].rows,
        "n": len(first.ids),
        "rule": plans[0].settings.decision.rule,
        "contestants": found,
        "alone": [
            [name for name in one.said.answers if name not in other.said.answers]
            for one, other in ((first, second), (second, first))
        ],
    }


def measures(name: str, pools: tuple[Pooled, Pooled], together, folds: int, confidence: float) -> dict[str, dict]:
    """Of one contestant. together: (n,) clusters of rows, by which average precision is drawn."""
    first, second = pools
    gold, keys = first.said.gold, list(class_keys(first.said.names).values())
    sides = [(pool.said.answers[name], pool.said.scores[name]) for pool in (second, first)]
    gaps = intervals.differences(gold, *sides, confidence)
    for key, each in intervals.class_differences(keys, gold, sides[0][0], sides[1][0], confidence).items():
        gaps |= {f"{key}.fpr": each["fpr"]} if "fpr" in each else {}
    draws = drawn.draws(gold, {"second": sides[0][1], "first": sides[1][1]}, together)
    whole = [figures.of_rows(pool, name) for pool in pools]
    for column, key in enumerate(keys):
        if (label := f"{key}.{LEVEL}") in whole[0]:
            ends = drawn.ends(draws["second"][:, column] - draws["first"][:, column], confidence)
            gaps[label] = (whole[1][label] - whole[0][label], *ends)

    each = [[figures.of_rows(pool, name, number) for number in range(folds)] for pool in pools]
    result = {}
    for measure, (gap, low, high) in gaps.items():
        entry = {"first": whole[0][measure], "second": whole[1][measure], "difference": gap, "low": low, "high": high}
        if all(measure in fold for side in each for fold in side):
            apart = [ours[measure] - theirs[measure] for theirs, ours in zip(*each, strict=True)]
            _, fold_low, fold_high = figures.mean(apart, confidence)
            entry |= {"folds_low": fold_low, "folds_high": fold_high, "folds_higher": sum(one > 0 for one in apart)}
        result[measure] = entry
    return result
