"""How the contestants came about: calibration, what is lost from valid to test, members, teachers, int8 recipes."""

from decant.report.facts import Facts
from decant.report.markup import Html, bounded, folded, note, section, table, tag
from decant.report.strips import Axis, rows
from decant.scoring import paired

TAUGHT = ("encoder", "seed", "max_length", "epochs", "batch_size", "label_smoothing", "learning_rate", "head_rate", "warmup",
          "epoch", "valid_nll", "valid_accuracy", "valid_macro_f1", "valid_micro_auc", "valid_macro_auc")  # fmt: skip
RATES = ("learning_rate", "head_rate", "warmup", "label_smoothing")
WHEN = ("before", "after")


def of_heads(entries: dict, who: str) -> list[dict]:
    """name -> head -> figures as rows, with the name in column `who`; whatever else stands beside them is left out."""
    return [
        {who: name, "head": head} | values
        for name, heads in entries.items() if isinstance(heads, dict)
        for head, values in heads.items() if isinstance(values, dict)
    ]  # fmt: skip


def calibrated(facts: Facts) -> list[dict]:
    """Calibration of the members and of the student, one row per head."""
    return of_heads(facts.metrics["soften"] | {"student": facts.metrics["export"]["calibration"]}, "contestant")


def calibration(facts: Facts) -> Html:
    """Calibration error of each contestant and head before and after its temperature."""
    found = calibrated(facts)
    ends = [entry for entry in found if entry["contestant"] in ("ensemble", "student")]
    axis = Axis(0.0, max([entry[f"ece_{when}"] for entry in ends for when in WHEN], default=0.0) * 1.1 or 0.01)
    figures = [
        rows([{"name": f"{entry['contestant']}, {entry['head']}", "value": entry[f"ece_{when}"]} for entry in ends], axis,
             f"Expected calibration error {when}")
        for when in WHEN
    ]  # fmt: skip
    return section(
        "calibration",
        "Temperatures",
        note("Calibration before and after one temperature per head, on calib, where it was fitted: lower is better."),
        tag("div", *figures, class_="pair") if ends else None,
        folded("All figures of all contestants", table(found, "Calibration of every contestant and head")),
    )


def gap(facts: Facts) -> Html:
    """Valid against test, of those that valid was measured for; a model that was chosen on valid looks better there."""
    return section(
        "gap",
        "Valid and test",
        note("Valid chose the epoch, by argmax or at one half and without thresholds; test has the shipped decision."),
        table(valid_and_test(facts), "Valid against test"),
    )


def valid_and_test(facts: Facts) -> list[dict]:
    """One row per teacher and for the student: the two measures that lead, on valid and on test."""
    learning = facts.metrics["learning"]
    found = learning["teachers"] | {"student": learning["student"]}
    measures = [key for key in facts.measures[:2] if any(f"valid_{key}" in entry for entry in found.values())]
    result = []
    for name, entry in found.items():
        test = facts.contestants.get(name)
        if test is None:
            continue
        row = {"contestant": name}
        for key in measures:
            if f"valid_{key}" in entry and key in test:
                row[f"{facts.called(key)} on valid"] = entry[f"valid_{key}"]
                row[f"{facts.called(key)} on test"] = bounded(test, key)
                row[f"{facts.called(key)} gap"] = test[key] - entry[f"valid_{key}"]
        result.append(row)
    return result


def history(facts: Facts) -> Html:
    """Members, teachers, adaptation and recipes, each folded."""
    quantize, export = facts.metrics["quantize"], facts.metrics["export"]
    adapted = gains(facts)
    low, high = paired.TAILS
    return section(
        "learning",
        "Learning",
        folded(
            "Linear members, on train rows held out",
            note("The settings that cross-validation chose (probe_adapted: valid); baseline.csv has every other."),
            table(of_heads(facts.metrics["baseline"], "member"), "Linear members"),
        ),
        folded(
            "Teachers, as they learnt on train and were kept on valid",
            table(taught(facts), "Teachers"),
        ),
        folded(
            "What adapting the encoder brought",
            note(f"Teachers on the adapted encoder minus teachers on the published one, {high - low:g} % interval."),
            table(adapted, "What adapting brought"),
        ) if adapted else None,
        folded(
            "int8 recipes on valid",
            note(f"Chosen: {quantize['recipe']}. A logit of ONNX fp32 differs from torch's by at most {export['max_difference']}."),
            table(recipes(facts), "int8 recipes"),
        ),
    )  # fmt: skip


def taught(facts: Facts) -> list[dict]:
    """Settings and valid figures of each teacher; rates as text, for a rate of 5e-05 would be shown as 0.000."""
    teachers = facts.tables["teachers"]
    kept = teachers[[name for name in TAUGHT if name in teachers]]
    return kept.astype({name: str for name in RATES if name in kept}).to_dict("records")


def recipes(facts: Facts) -> list[dict]:
    """One row per int8 recipe."""
    return [{"recipe": name} | entry for name, entry in facts.metrics["quantize"]["recipes"].items()]


def gains(facts: Facts) -> list[dict]:
    """What adapting brought, one row per encoder and split; none where it was not measured."""
    return [
        {"encoder": name, "rows of": split, "n": entry["gain"][split]["n"], "seeds": entry["gain"]["seeds"]}
        | entry["gain"][split]["difference"]
        for name, entry in facts.metrics["learning"]["encoders"].items() if entry["gain"]["seeds"]
        for split in ("valid", "calib")
    ]  # fmt: skip
