"""A cross-fitted run, and the comparison of two, as tables for a terminal."""

from decant.crossfit.plan import Plan
from decant.keys import Ranking, class_keys

CALLED = {"accuracy": "accuracy", "macro_f1": "macro F1", "micro_auc": "micro AUC", "macro_auc": "macro AUC"}
CALLED |= {"fpr": "FPR", "average_precision": "average precision"}


def run(plan: Plan, found: dict, minutes: dict) -> str:
    """Everyone's headline figures. found: of crossfit.json."""
    several = plan.settings.decision.rule == "thresholds"
    shown = [name for name in ("macro_f1", "accuracy", *Ranking._fields) if name in found[found["contestant"]]]
    lines = [["contestant", *(CALLED[name] for name in shown), *(called(measure) for measure in of_classes(plan))]]
    for name, entry in found.items():
        if isinstance(entry, dict) and "accuracy" in entry:
            cells = [bounded(entry, measure) for measure in shown]
            for measure in of_classes(plan):
                key, _, figure = measure.rpartition(".")
                cells.append(bounded(entry["classes"][key], figure))
            lines.append([name, *cells])
    note = "exact match is called accuracy; " if several else ""
    head = f"{plan.task}: {found['n']:,} rows ({plan.rows}), each test in one of {plan.folds} folds"
    confidence = f"{plan.settings.evaluate.confidence:.0%}"
    return "\n".join([head, "", *table(lines), "", f"{note}intervals of {confidence} over the rows. {spent(minutes)}"])


def comparison(plans: tuple[Plan, Plan], found: dict, minutes: list[dict]) -> str:
    """What the second has over the first."""
    first, second = plans
    confidence = f"{first.settings.evaluate.confidence:.0%}"
    lines = [["contestant", "measure", "A", "B", "B - A", f"{confidence} over rows", "over folds", "B higher in"]]
    same = [name for name, entry in found["contestants"].items() if entry["same"]]
    for name, entry in found["contestants"].items():
        for measure in [*CALLED, *of_classes(first)]:
            if name in same or measure not in entry["measures"]:
                continue
            cell = entry["measures"][measure]
            spread = f"{cell['folds_low']:+.4f} to {cell['folds_high']:+.4f}" if "folds_low" in cell else ""
            lines.append(
                [
                    name,
                    called(measure),
                    f"{cell['first']:.4f}",
                    f"{cell['second']:.4f}",
                    f"{cell['difference']:+.4f}",
                    f"{cell['low']:+.4f} to {cell['high']:+.4f}",
                    spread,
                    f"{cell['folds_higher']} of {found['folds']}" if spread else "",
                ]
            )
    told = [
        f"{found['task']}: {found['n']:,} rows ({found['rows']}), {found['folds']} folds; A: {first.name}, B: {second.name}",
        "",
    ]
    told += [*table(lines), ""] if len(lines) > 1 else []
    told += [f"the same in both: {', '.join(same)}"] if same else []
    for letter, names in zip("AB", found["alone"], strict=True):
        told += [f"in {letter} alone: {', '.join(names)}"] if names else []
    return "\n".join([*told, *(f"{letter}: {spent(each)}" for letter, each in zip("AB", minutes, strict=True))])


def of_classes(plan: Plan) -> list[str]:
    """The measures of classes that are shown: of those with a cap on false positives."""
    keys = class_keys(list(plan.settings.thresholds.caps))
    return [f"{key}.{figure}" for key in keys.values() for figure in ("fpr", "average_precision")]


def called(measure: str) -> str:
    key, _, figure = measure.rpartition(".")
    return f"{CALLED[figure]} of {key}" if key else CALLED[figure]


def bounded(entry: dict, measure: str) -> str:
    if measure not in entry:
        return ""
    return f"{entry[measure]:.4f} ({entry[f'{measure}_low']:.4f} to {entry[f'{measure}_high']:.4f})"


def spent(minutes: dict[str, float | None]) -> str:
    """Minutes of training, stage by stage."""
    known = {stage: value for stage, value in minutes.items() if value is not None}
    parts = [f"{stage} {value:.1f}" for stage, value in known.items() if value >= 0.05]
    unknown = [stage for stage, value in minutes.items() if value is None]
    told = f"processor minutes of training in all folds: {sum(known.values()):.1f}" + (
        f" ({', '.join(parts)})" if parts else ""
    )
    return told + (f"; not known of {', '.join(unknown)}, which ran elsewhere" if unknown else "")


def table(lines: list[list[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
