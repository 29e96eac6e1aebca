"""What a bundle holds, in the words of its card: the distilled student in int8 ONNX, or the linear model."""

from typing import NamedTuple

from decant.keys import STUDENT_INT8
from decant.report import speed
from decant.settings.card import Card
from decant.settings.catalogue import Encoder
from decant.settings.decision import Decision
from decant.settings.evaluate import Evaluate
from decant.settings.heads import Heads
from decant.settings.thresholds import Thresholds
from decant.settings.tokens import Tokens
from decant.shipping import shipped

VERDICTS = {
    "green": "every gate holds",
    "amber": "no gate fails, but the rows are too few to be sure of those that are open",
    "red": "it has not earned its release",
}


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


def base_models(encoder: Encoder) -> list[str]:
    """The hub's owner/name of what an encoder of the catalogue was published as; none from scratch, or of no hub."""
    hub = [source.removeprefix("hub:").split("@")[0] for source in encoder.sources if source.startswith("hub:")]
    return hub[:1]


def hub(ours: str, about: About) -> dict:
    """What the hub's front matter says of the model. ours: the contestant that the bundle holds."""
    if ours == STUDENT_INT8:
        tags, bases = ["onnx", "int8"], base_models(about.encoder)
        return {"library_name": "transformers.js", "tags": tags, "base_model": bases or None}
    return {"tags": ["tf-idf", "logistic-regression"]}


def summary(metrics: dict[str, dict], about: About) -> list[str]:
    """What it is, how large, whether it has earned its release, and how soon it answers."""
    export, gate, ours = metrics["export"], metrics["gate"], shipped(metrics["test"])
    base = base_models(about.encoder)
    origin = f"; its layers come from {base[0]}" if base else ""
    what = (
        f"A text classifier of {export['parameters']:,} parameters in int8 ONNX ({metrics['quantize']['bytes']:,} bytes), "
        f"distilled from an ensemble{origin}."
        if ours == STUDENT_INT8
        else f"A linear text classifier, TF-IDF of words and characters with logistic regression, in a bundle of "
        f"{metrics['benchmark']['bundle_bytes']:,} bytes that numpy alone opens."
    )
    return [
        what,
        f"Release verdict: **{gate['verdict']}** ({VERDICTS[gate['verdict']]}), about the model with md5 "
        f"`{gate['evidence']['model_md5']}`.",
        speed.in_words(metrics["benchmark"], ours),
    ]


def limits(metrics: dict[str, dict], about: About) -> list[str]:
    """Where what it is made of sets a limit."""
    if shipped(metrics["test"]) != STUDENT_INT8:
        return [
            "It weighs the words and the runs of characters of its train texts, whatever their order: a new domain or language "
            "needs a new model."
        ]
    train = metrics["profile"]["train"]
    reader = f"encoder_{about.encoder_name}".lower()
    cut = next(entry["cut"] for key, entry in train.items() if key.lower() == reader)
    return [
        f"Texts are cut to {about.tokens.max_length} tokens. {cut:.1%} of the train texts are longer.",
        f"Its vocabulary is that of its train texts, {metrics['export']['vocabulary']:,} tokens: a new domain or language "
        "needs a new student.",
        "int8 answers can differ slightly between processors.",
    ]


def calibration(metrics: dict[str, dict]) -> dict[str, dict]:
    """Head -> its temperature and what that did, of what ships."""
    ours = shipped(metrics["test"])
    if ours == STUDENT_INT8:
        return metrics["export"]["calibration"]
    return {name: entry for name, entry in metrics["soften"][ours].items() if name != "weight"}


def how(task: str, metrics: dict[str, dict], about: About) -> list[str]:
    """How to use it, what the figures are about, and whom to tell of wrong answers."""
    evidence = metrics["gate"]["evidence"]
    rows = f", test rows with sha256 `{evidence['rows_sha256']}`" if "rows_sha256" in evidence else ""
    use = f'`python -m decant predict --task {task} "some text"`'
    if shipped(metrics["test"]) == STUDENT_INT8:
        use += (
            ", or any runtime that reads onnx/model_quantized.onnx with tokenizer.json: its one output, logits, is calibrated "
            "already. Feed it one text at a time, without padding: int8 scales follow the batch."
        )
    else:
        use += ", or `decant.runtime.Bundle` in Python, which reads it with numpy alone."
    lines = [
        "## Use",
        use,
        f"These figures are about the bundle whose decant.json has md5 `{evidence['bundle_md5']}`{rows}.",
    ]
    return [*lines, f"Wrong answers: {about.card.contact}"] if about.card.contact else lines
