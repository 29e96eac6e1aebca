"""The model card that travels with a bundle: what it is for, how good it is, and what nobody should trust it with.

Its front matter is what the Hugging Face hub reads (licence, base model, evaluation results), through the hub's own
library. Byte-stable, and so only rough about speed; the day and the commit of a release are added by
`decant.verdict.promotion`, when there is one.
"""

from typing import NamedTuple

from huggingface_hub import EvalResult, ModelCardData
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from decant.errors import CacheError
from decant.keys import SHIPPED, bounds
from decant.report import speed
from decant.report.pages import table
from decant.settings.card import Card
from decant.settings.catalogue import Encoder
from decant.settings.decision import Decision
from decant.settings.evaluate import Evaluate
from decant.settings.heads import Heads
from decant.settings.thresholds import Thresholds
from decant.settings.tokens import Tokens
from decant.verdict.headline import measures

NEEDS = ("split", "profile", "export", "quantize", "thresholds", "test", "paired", "subgroups", "benchmark", "gate")
# measure -> what people call it, the hub's name of the metric, and its arguments there
CALLED = {
    "accuracy": ("accuracy", "accuracy", {}),
    "macro_f1": ("macro F1", "f1", {"average": "macro"}),
    "micro_auc": ("micro AUC", "roc_auc", {"average": "micro"}),
    "macro_auc": ("macro AUC", "roc_auc", {"average": "macro"}),
}
FEW = 30  # positives: an exact 95 % interval of a rate of one half on 30 rows runs from .31 to .69
VERDICTS = {
    "green": "every gate holds",
    "amber": "no gate fails, but the rows are too few to be sure of those that are open",
    "red": "it has not earned its release",
}
POLICIES = {
    "empirical": "the false-positive rate on those rows has to be under it",
    "risk_controlled": "the upper {confidence:.0%} confidence bound of the false-positive rate has to be under it",
}
NOT_SAID = "Nobody has said (`{task}.card.{key}` in params.yaml)."


class About(NamedTuple):
    """What params say of the classifier."""

    card: Card
    encoder_name: str  # that the student is cut from
    encoder: Encoder  # its entry in the catalogue
    decision: Decision
    evaluate: Evaluate
    heads: Heads
    thresholds: Thresholds
    tokens: Tokens


def build(task: str, metrics: dict[str, dict], about: About, keys: dict[str, str]) -> str:
    """The card of the shipped model, as Markdown with the hub's front matter.

    metrics: name of a metrics file -> its content, of those in NEEDS. keys: final class -> its key in the metrics files.
    """
    several = about.decision.rule == "thresholds"
    shipped = metrics["test"][SHIPPED]
    text = [
        f"# {task}",
        *summary(metrics, about),
        *answers(metrics["thresholds"], about, keys),
        "## Intended use",
        about.card.intended_use or NOT_SAID.format(task=task, key="intended_use"),
        "## Out of scope",
        about.card.out_of_scope or NOT_SAID.format(task=task, key="out_of_scope"),
        *quality(metrics, measures(several), about.evaluate.confidence, keys),
        *subgroups(metrics["subgroups"], about.evaluate.least),
        *limits(metrics, about, keys),
        *calibration(metrics["export"]["calibration"]),
        *data(metrics["split"], about),
        *how(task, metrics, about),
    ]
    front = front_matter(task, shipped, metrics["test"].get("judged", {}), measures(several), about, keys).to_yaml()
    return f"---\n{front}\n---\n\n" + "\n\n".join(text) + "\n"


def base_models(encoder: Encoder) -> list[str]:
    """The hub's owner/name of what an encoder of the catalogue was published as; none from scratch, or of no hub."""
    hub = [source.removeprefix("hub:").split("@")[0] for source in encoder.sources if source.startswith("hub:")]
    return hub[:1]


def front_matter(
    task: str, shipped: dict, judged: dict, wanted: tuple[str, ...], about: About, keys: dict[str, str]
) -> ModelCardData:
    """shipped: its part of test.json. judged: n and digests of the rows and the bundle, where test.json has them."""
    card, first = about.card, next(iter(about.card.datasets), None)
    of = {
        "task_type": "text-classification",
        "dataset_type": (first and first.hub) or task,
        "dataset_name": first.name if first else task,
        "dataset_split": "test",
        "dataset_args": {"n": shipped["n"]} | {key: judged[key] for key in ("rows_sha256",) if key in judged},
    }
    results = []
    for name in wanted:
        if name in shipped:
            called, metric, arguments = CALLED[name]
            results.append(result(of, called, metric, arguments, shipped, name, about.evaluate.confidence))
    for label in about.thresholds.caps:
        called, arguments = f"false-positive rate of {label}", {"class": label}
        entry = shipped["classes"][keys[label]]
        results.append(result(of, called, "false_positive_rate", arguments, entry, "fpr", about.evaluate.confidence))
    return ModelCardData(
        license=card.license,
        license_name=card.license_name,
        license_link=card.license_link,
        language=list(card.language) or None,
        library_name="transformers.js",
        pipeline_tag="text-classification",
        tags=["text-classification", "onnx", "int8", "decant", task],
        base_model=base_models(about.encoder) or None,
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


def summary(metrics: dict[str, dict], about: About) -> list[str]:
    export, gate = metrics["export"], metrics["gate"]
    base = base_models(about.encoder)
    origin = f"; its layers come from {base[0]}" if base else ""
    return [
        f"A text classifier of {export['parameters']:,} parameters in int8 ONNX ({metrics['quantize']['bytes']:,} bytes), "
        f"distilled from an ensemble{origin}.",
        f"Release verdict: **{gate['verdict']}** ({VERDICTS[gate['verdict']]}), about the int8 file with md5 "
        f"`{gate['evidence']['model_md5']}`.",
        speed.in_words(metrics["benchmark"]),
    ]


def answers(thresholds: dict, about: About, keys: dict[str, str]) -> list[str]:
    """Heads, decision, and the thresholds with what they were tuned for."""
    kinds = {"softmax": "one of", "sigmoid": "any of", "regression": "a number"}
    heads = [
        f"- `{name}` ({head.kind}): {kinds.get(head.kind, head.kind)} {', '.join(head.labels)}".rstrip()
        for name, head in about.heads.items()
    ]
    order = ", ".join(about.decision.order)
    rule = {
        "argmax": f"The answer is the likeliest label of `{about.decision.head}`.",
        "thresholds": f"The answer is every label of `{about.decision.head}` whose score reaches its threshold; it may be none.",
        "priority": f"The answer is the first of {order} whose score reaches its threshold, else {about.decision.otherwise}.",
    }[about.decision.rule]
    blocks = ["## What it answers", "\n".join(heads), rule]
    tuned = thresholds.get(SHIPPED, {}).get("classes", {})
    rows = [
        {
            "class": label,
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


def quality(metrics: dict[str, dict], wanted: tuple[str, ...], confidence: float, keys: dict[str, str]) -> list[str]:
    """The task's own measures beside those of the linear model, and the classes."""
    test = metrics["test"]
    shipped, linear, gap = test[SHIPPED], test["linear"], metrics["paired"]["minus_linear"]
    rows = [
        {
            "measure": CALLED[name][0],
            "this model": f"{shipped[name]:.3f} ({spread(shipped, name)})",
            "linear model": f"{linear[name]:.3f}",
            "difference": f"{gap[name]:+.3f} ({spread(gap, name)})",
        }
        for name in wanted if name in shipped
    ]  # fmt: skip
    classes = [
        {"class": label, "test rows": shipped["classes"][key]["support"]}
        | {
            called: f"{shipped['classes'][key][name]:.3f} ({spread(shipped['classes'][key], name)})"
            for name, called in (("precision", "precision"), ("recall", "recall"), ("fpr", "false positives"))
        }
        | {"F1": f"{shipped['classes'][key]['f1']:.3f}"}
        for label, key in keys.items() if key in shipped["classes"]
    ]  # fmt: skip
    coarse = shipped.get("coarse")
    grouped = [
        f"By its {coarse['groups']} coarse groups: accuracy {coarse['accuracy']:.3f}, macro F1 {coarse['macro_f1']:.3f}."
    ] if coarse else []  # fmt: skip
    return [
        f"## Quality on {shipped['n']:,} test rows",
        f"In brackets {confidence:.0%} intervals. The linear model is TF-IDF with logistic regression; the difference is on the "
        "same rows, and an interval of it that holds 0 is no difference.",
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
    reader = f"encoder_{about.encoder_name}".lower()
    cut = next(entry["cut"] for key, entry in train.items() if key.lower() == reader)
    classes = metrics["test"][SHIPPED]["classes"]
    rare = [f"{label} ({classes[key]['support']})" for label, key in keys.items()
            if key in classes and classes[key]["support"] < FEW]  # fmt: skip
    small = [f"{name} ({entry['n']})" for name, entry in metrics["subgroups"].items() if "macro_f1" not in entry]
    guessed = ", ".join(f"{name} {share:.0%}" for name, share in train["languages"].items() if share >= 0.005)
    lines = [
        f"Texts are cut to {about.tokens.max_length} tokens. {cut:.1%} of the train texts are longer.",
        f"Language: {', '.join(about.card.language) or 'not said'}. As py3langid guesses of train texts: {guessed} (unsure: too "
        "short to tell).",
        f"Its vocabulary is that of its train texts, {metrics['export']['vocabulary']:,} tokens: a new domain or language "
        "needs a new student.",
        "The figures hold for texts like the test rows, of their time and place, and for no others.",
        "int8 answers can differ slightly between processors.",
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


def how(task: str, metrics: dict[str, dict], about: About) -> list[str]:
    evidence = metrics["gate"]["evidence"]
    rows = f", test rows with sha256 `{evidence['rows_sha256']}`" if "rows_sha256" in evidence else ""
    lines = [
        "## Use",
        f'`python -m decant predict --task {task} "some text"`, or any runtime that reads onnx/model_quantized.onnx with '
        "tokenizer.json: its one output, logits, is calibrated already. Feed it one text at a time, without padding: int8 "
        "scales follow the batch.",
        f"These figures are about the bundle whose decant.json has md5 `{evidence['bundle_md5']}`{rows}.",
    ]
    return [*lines, f"Wrong answers: {about.card.contact}"] if about.card.contact else lines


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
