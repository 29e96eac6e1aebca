"""report: all metrics of a task as a page people read: Markdown, HTML, figures, a model card and a ledger (XLSX).

Built from the metrics files alone, so that no figure on a page can differ from the one that dvc tracks. Byte-stable,
except provenance.json (commit, machine, versions), which lies beside the outs and not among them.
"""

from pathlib import Path

import pandas as pd

from decant import stage
from decant.files import read_json, write_json, writing
from decant.settings.params import read
from decant.verdict import figures, provenance
from decant.verdict.pages import table, write_page, write_text

PARTS = (
    "split",
    "baseline",
    "soften",
    "learning",
    "export",
    "quantize",
    "thresholds",
    "test",
    "paired",
    "subgroups",
    "gate",
)
SHIPPED = "student_int8"
TAUGHT = ("encoder", "seed", "max_length", "epochs", "batch_size", "label_smoothing", "learning_rate", "head_rate", "warmup",
          "epoch", "valid_nll", "valid_accuracy", "valid_macro_f1", "valid_micro_auc", "valid_macro_auc")  # fmt: skip
RATES = ("learning_rate", "head_rate", "warmup", "label_smoothing")
HEADLINE = ("accuracy", "macro_f1", "macro_f1_low", "macro_f1_high", "micro_auc", "micro_auc_low", "micro_auc_high",
            "macro_auc", "macro_auc_low", "macro_auc_high")  # fmt: skip
CLASSWISE = (
    "precision",
    "recall",
    "recall_low",
    "recall_high",
    "fpr",
    "fpr_low",
    "fpr_high",
    "f1",
    "average_precision",
    "support",
)


def main(task: str) -> None:
    p = read(task)
    folder = Path("metrics") / task
    found = {part: read_json(folder / f"{part}.json") for part in PARTS}
    contestants = {name: entry for name, entry in found["test"].items() if "accuracy" in entry}
    classes = list(found["thresholds"].get(SHIPPED, {}))
    shipped = contestants[SHIPPED]
    named = [key for key, entry in shipped.items() if isinstance(entry, dict) and "fnr" in entry]

    with writing(folder / "figures") as partial:
        partial.mkdir(parents=True)
        figures.contestants(contestants, SHIPPED, partial / "contestants.png")
        answers = pd.read_csv(folder / "plots" / "confusion.csv", keep_default_na=False)
        if p.decision.rule == "thresholds":  # any of the labels
            figures.hits(answers, p.heads[p.decision.head].labels, SHIPPED, partial / "confusion.png")
        else:
            figures.confusion(answers, SHIPPED, partial / "confusion.png")
        figures.curves(
            pd.read_csv(folder / "plots" / "precision_recall.csv", keep_default_na=False),
            SHIPPED,
            partial / "precision_recall.png",
        )
        figures.reliability(
            pd.read_csv(folder / "plots" / "reliability.csv", keep_default_na=False),
            SHIPPED,
            partial / "reliability.png",
        )

    learnt = pd.read_csv(folder / "learning" / "teachers.csv").astype(
        {name: str for name in RATES}
    )  # 5e-05 is not 0.0001
    text = page(task, found, contestants, named, p.evaluate.confidence, p.thresholds.policy, learnt)
    write_page(folder / "report.md", f"Decant: {task}", text)
    write_text(folder / "card.md", card(task, found, shipped, named, classes, p))
    with writing(folder / "ledger.xlsx") as partial:
        ledger(found, contestants, named, partial)
    write_json(folder / "provenance.json", provenance.environment())


def page(
    task: str, found: dict, contestants: dict, named: list[str], confidence: float, policy: str, learnt: pd.DataFrame
) -> str:
    gate, n = found["gate"], contestants[SHIPPED]["n"]
    gates = [{"gate": name, **entry} for name, entry in gate.items() if isinstance(entry, dict)]
    ranked = sorted(contestants, key=lambda name: -contestants[name]["macro_f1"])
    board = [{"contestant": name} | {key: contestants[name].get(key) for key in HEADLINE} for name in ranked]
    each = [{"class": name} | {key: contestants[SHIPPED][name].get(key) for key in CLASSWISE} for name in named]
    by_head = [
        {"head": key.removeprefix("head_")} | entry
        for key, entry in contestants[SHIPPED].items()
        if key.startswith("head_")
    ]
    few = (
        len(named) <= figures.MANY
    )  # then subgroups show each class, and thresholds each contestant's; the JSON has all
    capped = [
        {"contestant": name, "class": label} | {key: entry[key] for key in ("threshold", "recall", "precision", "fpr", "fpr_high")}
        for name in (ranked if few else [SHIPPED]) for label, entry in found["thresholds"].get(name, {}).items()
    ]  # fmt: skip
    soft = [
        {"contestant": name, "head": head} | entry
        for name, heads in (found["soften"] | {"student": found["export"]["calibration"]}).items()
        for head, entry in heads.items() if isinstance(entry, dict)
    ]  # fmt: skip
    groups = [{"subgroup": name} | {k: v for k, v in entry.items() if not isinstance(v, dict)}
              | {f"{label}: {k}": entry[label][k] for label in (named if few else ()) if label in entry
                 for k in ("recall", "fpr") if k in entry[label]}
              for name, entry in found["subgroups"].items()]  # fmt: skip
    recipes = [{"recipe": name} | entry for name, entry in found["quantize"]["recipes"].items()]
    linear = [
        {"member": member, "head": head} | entry
        for member, heads in found["baseline"].items() if isinstance(heads, dict)
        for head, entry in heads.items() if isinstance(entry, dict)
    ]  # fmt: skip
    paired = [{"student_int8": name.replace("_", " ", 1)} | entry for name, entry in found["paired"].items()]
    gains = [
        {"encoder": encoder, "rows of": split, "n": gain[split]["n"], "seeds": gain["seeds"]} | gain[split]["difference"]
        for encoder, gain in ((name, entry["gain"]) for name, entry in found["learning"]["encoders"].items())
        if gain["seeds"] for split in ("valid", "calib")
    ]  # fmt: skip
    percent = f"{confidence:.0%}"
    tuned = ", each with thresholds tuned on the same rows" if capped else ""
    sections = [
        f"# {task}: {gate['verdict']}",
        f"Verdict on the int8 model with md5 `{gate['model_md5']}`.",
        table(gates, "gate"),
        f"## Contestants on the same {n:,} test rows",
        f"Macro F1 with its {percent} bootstrap interval; all by one decision rule{tuned}.",
        table(board, "contestant"),
        "![Macro F1 of every contestant with its interval](figures/contestants.png)",
        f"### {SHIPPED} against each other contestant",
        f"Differences on the same resampled rows, {percent} interval. An interval that holds 0 is no difference.",
        table(paired, "student_int8"),
        f"## {SHIPPED}, class by class",
        f"Exact (Clopper-Pearson) {percent} intervals.",
        table(each, "class"),
        "![Confusion matrix](figures/confusion.png)",
        "![Precision and recall at every threshold](figures/precision_recall.png)",
        "![Scores against frequencies](figures/reliability.png)",
        "### Head by head, before any decision",
        table(by_head, "head"),
        "## Subgroups",
        table(groups, "subgroup"),
        f"## Thresholds ({policy}, tuned on {found['thresholds']['n']:,} rows)" if capped else "## No thresholds",
        table(capped, "contestant" if few else "class")
        if capped
        else "The rule is argmax: the likeliest label is the answer.",
        "## Linear members, on train rows held out",
        "The settings that cross-validation chose (`probe_adapted`: valid); baseline.csv has every other.",
        table(linear, "member"),
        "## Calibration, before and after temperatures, on calib",
        table(soft, "contestant"),
        "## Teachers, as they learnt on train and were kept on valid",
        "What a text shows, epochs, rows per step, weights and smoothing are the same for all; rates may be an encoder's own.",
        table(learnt[[name for name in TAUGHT if name in learnt]].to_dict("records"), "encoder"),
        *(
            (
                "## What adapting the encoder brought",
                "Teachers on the adapted encoder minus teachers on the published one, means over the same seeds, 95% interval.",
                table(gains, "encoder"),
            )
            if gains
            else ()
        ),
        "## int8 recipes on valid",
        f"Chosen: `{found['quantize']['recipe']}`. A logit of ONNX fp32 differs from torch's by at most "
        f"{found['export']['max_difference']}.",
        table(recipes, "recipe"),
        "## Data",
        "[The data report](data.md) has cleaning, duplicates, leaks, balance and lengths.",
    ]
    return "\n\n".join(sections) + "\n"


def card(task: str, found: dict, shipped: dict, named: list[str], classes: list[str], p) -> str:
    """The model card that travels with the bundle."""
    each = [{"class": name} | {key: shipped[name].get(key) for key in CLASSWISE} for name in named]
    heads = "; ".join(
        f"{name} ({head.kind}{': ' + ', '.join(head.labels) if head.labels else ''})" for name, head in p.heads.items()
    )
    limits = ", ".join(f"{name} {found['thresholds'][SHIPPED][name]['threshold']:g}" for name in classes) or "none"
    text = [
        "---",
        "library_name: transformers.js",
        "pipeline_tag: text-classification",
        f"tags: [text-classification, onnx, int8, decant, {task}]",
        "---",
        f"# {task}",
        f"A {found['export']['parameters']:,}-parameter text classifier in int8 ONNX ({found['quantize']['bytes']:,} bytes), distilled "
        f"from an ensemble. Heads: {heads}. Decision: {p.decision.rule}; thresholds: {limits}.",
        f"Release verdict: **{found['gate']['verdict']}**, model md5 `{found['gate']['model_md5']}`.",
        f"## Quality on {shipped['n']:,} test rows",
        f"Accuracy {shipped['accuracy']:.4f} ({shipped['accuracy_low']:.4f} to {shipped['accuracy_high']:.4f}), macro F1 "
        f"{shipped['macro_f1']:.4f} ({shipped['macro_f1_low']:.4f} to {shipped['macro_f1_high']:.4f}), "
        f"{p.evaluate.confidence:.0%} intervals.",
        table(each, "class"),
        "## Use",
        f'`python -m decant predict --task {task} "some text"`, or any runtime that reads onnx/model_quantized.onnx with tokenizer.json: '
        "its one output, logits, is calibrated already. Feed it one text at a time, without padding: int8 scales follow the batch.",
        "## Limits",
        f"Trained on {found['split']['train']['n']:,} texts cut to {p.tokens.max_length} tokens; it knows their language, "
        "topics and time only. "
        "The figures hold for texts like the test rows. See report.md for subgroups and for what simpler models reach.",
    ]
    return "\n\n".join(text[5:]).join(["\n".join(text[:5]) + "\n\n", "\n"])


def ledger(found: dict, contestants: dict, named: list[str], file: Path) -> None:
    """One sheet per table. xlsxwriter fixes the time stamps inside the file, so its bytes repeat."""
    with pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs={"options": {"in_memory": True}}) as book:
        book.book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})
        plain = [
            {"contestant": name} | {k: v for k, v in entry.items() if not isinstance(v, dict)}
            for name, entry in contestants.items()
        ]
        pd.DataFrame(plain).to_excel(book, sheet_name="contestants", index=False)
        each = [
            {"contestant": name, "class": label} | entry[label]
            for name, entry in contestants.items()
            for label in named
        ]
        pd.DataFrame(each).to_excel(book, sheet_name="classes", index=False)
        pd.DataFrame([{"pair": name} | entry for name, entry in found["paired"].items()]).to_excel(
            book, sheet_name="paired", index=False
        )
        gates = [{"gate": name} | entry for name, entry in found["gate"].items() if isinstance(entry, dict)]
        pd.DataFrame(gates).to_excel(book, sheet_name="gates", index=False)


if __name__ == "__main__":
    stage.run(main)
