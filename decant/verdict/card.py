"""The model card that travels with a bundle: what it is for, how good it is, and what nobody should trust it with.

Its front matter is what the Hugging Face hub reads (licence, base model, evaluation results), through the hub's own
library. Byte-stable, and so only rough about speed; the day and the commit of a release are added by
`decant.verdict.promotion`, when there is one.
"""

from huggingface_hub import EvalResult, ModelCardData
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from decant.errors import CacheError
from decant.keys import bounds
from decant.report.pages import plain, table
from decant.shipping import RIVAL, shipped
from decant.verdict import holds
from decant.verdict.headline import measures
from decant.verdict.holds import About

NEEDS = (
    "split",
    "profile",
    "soften",
    "export",
    "quantize",
    "thresholds",
    "test",
    "paired",
    "subgroups",
    "benchmark",
    "gate",
)
# measure -> what people call it, the hub's name of the metric, and its arguments there
CALLED = {
    "accuracy": ("accuracy", "accuracy", {}),
    "macro_f1": ("macro F1", "f1", {"average": "macro"}),
    "micro_auc": ("micro AUC", "roc_auc", {"average": "micro"}),
    "macro_auc": ("macro AUC", "roc_auc", {"average": "macro"}),
}
FEW = 30  # positives: an exact 95 % interval of a rate of one half on 30 rows runs from .31 to .69
POLICIES = {
    "empirical": "the false-positive rate on those rows has to be under it",
    "risk_controlled": "the upper {confidence:.0%} confidence bound of the false-positive rate has to be under it",
}
NOT_SAID = "Nobody has said (`{task}.card.{key}` in params.yaml)."


def build(task: str, metrics: dict[str, dict], about: About, keys: dict[str, str]) -> str:
    """The card of the shipped model, as Markdown with the hub's front matter.

    metrics: name of a metrics file -> its content, of those in NEEDS. keys: final class -> its key in the metrics files.
    """
    several = about.decision.rule == "thresholds"
    ours = shipped(metrics["test"])
    text = [
        f"# {task}",
        *holds.summary(metrics, about),
        *answers(metrics["thresholds"], ours, about, keys),
        "## Intended use",
        about.card.intended_use or NOT_SAID.format(task=task, key="intended_use"),
        "## Out of scope",
        about.card.out_of_scope or NOT_SAID.format(task=task, key="out_of_scope"),
        *quality(metrics, ours, measures(several), about.evaluate.confidence, keys),
        *subgroups(metrics["subgroups"], about.evaluate.least),
        *limits(metrics, about, keys),
        *calibration(holds.calibration(metrics)),
        *data(metrics["split"], about),
        *holds.how(task, metrics, about),
    ]
    front = front_matter(task, ours, metrics["test"], measures(several), about, keys).to_yaml()
    return f"---\n{front}\n---\n\n" + "\n\n".join(text) + "\n"


def front_matter(
    task: str, ours: str, test: dict, wanted: tuple[str, ...], about: About, keys: dict[str, str]
) -> ModelCardData:
    """ours: the contestant that the bundle holds. test: of test.json."""
    entry, judged = test[ours], test.get("judged", {})
    card, first = about.card, next(iter(about.card.datasets), None)
    of = {
        "task_type": "text-classification",
        "dataset_type": (first and first.hub) or task,
        "dataset_name": first.name if first else task,
        "dataset_split": "test",
        "dataset_args": {"n": entry["n"]} | {key: judged[key] for key in ("rows_sha256",) if key in judged},
    }
    results = []
    for name in wanted:
        if name in entry:
            called, metric, arguments = CALLED[name]
            results.append(result(of, called, metric, arguments, entry, name, about.evaluate.confidence))
    for label in about.thresholds.caps:
        called, arguments = f"false-positive rate of {label}", {"class": label}
        rates = entry["classes"][keys[label]]
        results.append(result(of, called, "false_positive_rate", arguments, rates, "fpr", about.evaluate.confidence))
    model = holds.hub(ours, about)
    return ModelCardData(
        license=card.license,
        license_name=card.license_name,
        license_link=card.license_link,
        language=list(card.language) or None,
        pipeline_tag="text-classification",
        **model | {"tags": ["text-classification", *model["tags"], "decant", task]},
        datasets=[dataset.hub for dataset in card.datasets if dataset.hub] or None,
        metrics=list(dict.fromkeys(one.metric_type for one in results)),
        model_name=task,
        eval_results=results,
    )


def result(of: dict, called: str, metric: str, arguments: dict, entry: dict, key: str, confidence: float) -> EvalResult:
    """One figure with its interval. of: what all results have in common."""
    low, high = (entry.get(end) for end in bounds(key))
    interval = {} if low is None else {"low": round(low, 4), "high": round(high, 4), "confidence": confidence}
    return EvalResult(
        **of,
        metric_type=metric,
        metric_value=round(entry[key], 4),
        metric_name=called,
        metric_args=arguments | interval or None,
    )


def answers(thresholds: dict, ours: str, about: About, keys: dict[str, str]) -> list[str]:
    """Heads, decision, and the thresholds with what they were tuned for."""
    kinds = {"softmax": "one of", "sigmoid": "any of", "regression": "a number"}
    heads = [
        f"- `{name}` ({head.kind}): {kinds.get(head.kind, head.kind)} {', '.join(map(plain, head.labels))}".rstrip()
        for name, head in about.heads.items()
    ]
    order = ", ".join(map(plain, about.decision.order))
    rule = {
        "argmax": f"The answer is the likeliest label of `{about.decision.head}`.",
        "thresholds": f"The answer is every label of `{about.decision.head}` whose score reaches its threshold; it may be none.",
        "priority": f"The answer is the first of {order} whose score reaches its threshold, else {plain(about.decision.otherwise or '')}.",
    }[about.decision.rule]
    blocks = ["## What it answers", "\n".join(heads), rule]
    tuned = thresholds.get(ours, {}).get("classes", {})
    rows = [
        {
            "class": plain(label),
            "threshold": f"{tuned[key]['threshold']:.4f}",
            "cap on false positives": f"{about.thresholds.caps[label]:.1%}" if label in about.thresholds.caps else "",
            "holds": "" if label not in about.thresholds.caps else "yes" if tuned[key]["feasible"] else "**no**",
            "recall": f"{tuned[key]['recall']:.3f}",
            "false positives": f"{tuned[key]['fpr']:.2%}",
        }
        for label, key in keys.items() if key in tuned
    ]  # fmt: skip
    if rows:
        caps = f" Where there is a cap, {POLICIES[about.thresholds.policy].format(confidence=about.thresholds.confidence)}."
        blocks += [
            f"Thresholds were tuned on {thresholds['n']:,} rows of {' and '.join(about.thresholds.rows)}, for the best F1."
            + (f"{caps} Policy: `{about.thresholds.policy}`." if about.thresholds.caps else ""),
            table(rows, "class"),
        ]
    return blocks


def quality(
    metrics: dict[str, dict], ours: str, wanted: tuple[str, ...], confidence: float, keys: dict[str, str]
) -> list[str]:
    """The task's own measures beside those of the model that would ship otherwise, and the classes."""
    test, rival = metrics["test"], RIVAL[ours]
    entry, other, gap = test[ours], test[rival], metrics["paired"][f"minus_{rival}"]
    called = {"linear": "linear model"}.get(rival, "distilled student")
    what = {"linear": "The linear model is TF-IDF with logistic regression"}.get(
        rival, "The student is a small transformer in int8"
    )
    rows = [
        {
            "measure": CALLED[name][0],
            "this model": f"{entry[name]:.3f} ({spread(entry, name)})",
            called: f"{other[name]:.3f}",
            "difference": f"{gap[name]:+.3f} ({spread(gap, name)})",
        }
        for name in wanted if name in entry
    ]  # fmt: skip
    classes = [
        {"class": plain(label), "test rows": entry["classes"][key]["support"]}
        | {
            shown: f"{entry['classes'][key][name]:.3f} ({spread(entry['classes'][key], name)})"
            for name, shown in (("precision", "precision"), ("recall", "recall"), ("fpr", "false positives"))
        }
        | {"F1": f"{entry['classes'][key]['f1']:.3f}"}
        for label, key in keys.items() if key in entry["classes"]
    ]  # fmt: skip
    coarse = entry.get("coarse")
    grouped = [
        f"By its {coarse['groups']} coarse groups: accuracy {coarse['accuracy']:.3f}, macro F1 {coarse['macro_f1']:.3f}."
    ] if coarse else []  # fmt: skip
    return [
        f"## Quality on {entry['n']:,} test rows",
        f"In brackets {confidence:.0%} intervals. {what}; the difference is on the same rows, and an interval of it that holds 0 "
        "is no difference.",
        table(rows, "measure"),
        *grouped,
        table(classes, "class"),
    ]


def spread(entry: dict, name: str) -> str:
    low, high = (entry.get(end) for end in bounds(name))
    return "no interval" if low is None else f"{low:.3f} to {high:.3f}"


def subgroups(groups: dict[str, dict], least: int) -> list[str]:
    """The groups that are large enough for figures, the worst first; limits names the others."""
    measured = {name: entry for name, entry in groups.items() if "macro_f1" in entry}
    rows = [
        {"subgroup": name, "test rows": entry["n"]}
        | {CALLED[key][0]: f"{entry[key]:.3f}" for key in ("accuracy", "macro_f1")}
        for name, entry in sorted(measured.items(), key=lambda item: item[1]["macro_f1"])
    ]
    said = f"Groups of test rows, the worst first, and none of fewer than {least} rows."
    return ["## Subgroups", said, table(rows, "subgroup")] if rows else []


def limits(metrics: dict[str, dict], about: About, keys: dict[str, str]) -> list[str]:
    """What the figures say about where not to trust them, and what the owner knows beside."""
    train = metrics["profile"]["train"]
    classes = metrics["test"][shipped(metrics["test"])]["classes"]
    rare = [f"{plain(label)} ({classes[key]['support']})" for label, key in keys.items()
            if key in classes and classes[key]["support"] < FEW]  # fmt: skip
    small = [f"{name} ({entry['n']})" for name, entry in metrics["subgroups"].items() if "macro_f1" not in entry]
    guessed = ", ".join(f"{name} {share:.0%}" for name, share in train["languages"].items() if share >= 0.005)
    lines = [
        f"Language: {', '.join(about.card.language) or 'not said'}. As py3langid guesses of train texts: {guessed} (unsure: too "
        "short to tell).",
        "The figures hold for texts like the test rows, of their time and place, and for no others.",
        *holds.limits(metrics, about),
    ]
    if rare:
        lines.append(f"Fewer than {FEW} test rows, so that their figures say little: {', '.join(rare)}.")
    if small:
        lines.append(f"Subgroups of too few test rows for any figure: {', '.join(small)}.")
    return ["## Limits", "\n".join(f"- {line}" for line in [*lines, *about.card.limits])]


def calibration(heads: dict[str, dict]) -> list[str]:
    """heads: of export.json."""
    rows = [
        {"head": name, "rows of calib": entry["n"], "temperature": f"{entry['temperature']:.3f}"}
        | {f"{called} {when}": f"{entry[f'{key}_{when}']:.4f}"
           for key, called in (("ece", "ECE"), ("nll", "NLL")) for when in ("before", "after")}
        for name, entry in heads.items() if "temperature" in entry
    ]  # fmt: skip
    if not rows:
        return []
    return ["## Calibration", "The temperatures are in the model: its output needs none.", table(rows, "head")]


def data(split: dict, about: About) -> list[str]:
    """Where the rows come from and under which licence, and how many of them did what."""
    named = []
    for dataset in about.card.datasets:
        license = "licence unknown" if dataset.license == "unknown" else dataset.license
        place = f"https://huggingface.co/datasets/{dataset.hub}" if dataset.hub else dataset.url
        named.append(f"- {dataset.name} ({license}){f': {place}' if place else ''}")
    counts = ", ".join(f"{split[name]['n']:,} {name}" for name in ("train", "valid", "calib", "test"))
    return ["## Data", "\n".join(named) or "Nobody has named the data sets.", f"Rows: {counts}."]


def read(text: str, file: str) -> ModelCardData:
    """The front matter of a card as the hub would read it. file: for the error.

    Raises CacheError: there is none, it is not YAML, or its evaluation results are not whole.
    """
    block = REGEX_YAML_BLOCK.match(text)
    again = "nobody edits this file. Run: dvc repro report"
    if block is None:
        raise CacheError(f"{file}: no front matter between two lines of ---; {again}")
    try:
        front = YAML(typ="safe", pure=True).load(block[2])
    except YAMLError as error:
        raise CacheError(f"{file}: the front matter is not YAML ({error}); {again}") from None
    if not isinstance(front, dict):
        raise CacheError(f"{file}: the front matter is {front!r}, not a mapping; {again}")
    try:
        return ModelCardData(**front)
    except (ValueError, TypeError) as error:
        raise CacheError(f"{file}: the hub cannot read the front matter ({error}); {again}") from None
