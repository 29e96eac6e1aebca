"""soften: what all members together say about each row, calibrated: the soft labels that the student learns.

Weights of the members are fitted on valid, temperatures on calib; test stays closed. For train rows the linear members
speak through their out-of-fold logits, so that no member repeats a label it has learnt by heart. Scores are kept as
float16 with the ids of their rows (models/<task>/soft/<split>.safetensors). Texts without labels, given or made from
train rows, are scored too where params say so (extra.parquet, extra.safetensors).

Teachers read in shards that outlive a kill; `accelerate launch --num_processes 2 -m stages.soften <task>` shares them out.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from decant import checked, paths, stage, tables
from decant.data.lexical import Lexer
from decant.files import digest, write_json, write_metrics, writing
from decant.heads import Head, probabilities, tempered
from decant.members import augment, ensemble, scores, soft
from decant.models.encoder import WEIGHTS
from decant.runs import checkpoints, device, processes, shards
from decant.scoring import calibration
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.baseline import Baseline
from decant.settings.heads import Heads, heads_of
from decant.settings.linear_text import LinearText
from decant.settings.soften import Soften
from decant.settings.tokens import Tokens


class Sections(Section):
    adapt: Adapt
    baseline: Baseline
    device: str
    heads: Heads
    linear_text: LinearText
    seeds: list[int]
    soften: Soften
    teachers: list[str]
    threads: int
    tokens: Tokens


class Texts(NamedTuple):
    """The texts of a split, as encoders and as the linear model read them."""

    plain: list[str]
    linear: list[str]


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    device.use(p.device, p.threads)
    frames = {split: tables.load(task, split, heads) for split in ("train", "valid", "calib")}
    labels = {split: tables.targets(frame, heads) for split, frame in frames.items()}
    texts = {split: Texts(frame["text"].tolist(), frame["linear"].tolist()) for split, frame in frames.items()}
    texts["extra"] = unlabelled_texts(task, texts["train"].plain, frames["train"]["answer"].tolist(), p)
    ids = {split: frame["id"].tolist() for split, frame in frames.items()}
    ids["extra"] = [f"extra-{row}" for row in range(len(texts["extra"].plain))]

    taught, states = teachers(task, texts, p)  # first, since every process takes its part of it
    if not processes.is_first():
        return
    linear = linear_members(task, texts, ids["train"], p)
    logits = {split: linear[split] | taught[split] for split in texts}

    # everyone is calibrated, since everyone is a contestant; only members vote
    temperatures = {
        name: calibration.temperatures(raw, labels["calib"], heads) for name, raw in logits["calib"].items()
    }
    votes = {split: {name: raws[name] for name in voters(task, p)} for split, raws in logits.items() if raws}
    weights = vote(votes["valid"], labels["valid"], heads, temperatures, p.soften.weights, p.soften.pool)
    mixed = {
        split: ensemble.combine(raws, heads, weights, temperatures, p.soften.pool) for split, raws in votes.items()
    }
    temperatures["ensemble"] = calibration.temperatures(mixed["calib"], labels["calib"], heads)

    stored = {
        split: logits[split] | {"ensemble": tempered(raw, heads, temperatures["ensemble"])}
        for split, raw in mixed.items()
    }
    stored = {split: stored.get(split, {}) | states[split] for split in texts}
    record = {"pool": p.soften.pool, "weights": weights, "temperatures": temperatures}
    write_labels(task, ids, texts["extra"].plain, stored, record, p)
    everyone = logits["calib"] | {"ensemble": mixed["calib"]}
    write_calibration(task, everyone, labels["calib"], heads, temperatures, weights, p.soften.bins)
    shards.forget(f"{task}/soft")


def unlabelled_texts(task: str, train: list[str], answers: list[str], p: Sections) -> Texts:
    """Copies of the train texts, if params ask for any, and then the given texts without labels, if they are used."""
    copies = augment.copies(train, answers, p.soften.copies, p.soften.seed)
    words = Lexer(p.linear_text.model_dump())
    linear = [words(text) for text in copies]
    if not p.soften.unlabelled:
        return Texts(copies, linear)
    given = pd.read_parquet(paths.unlabelled(task))
    return Texts(copies + given["text"].tolist(), linear + given["linear"].tolist())


def teachers(task: str, texts: dict[str, Texts], p: Sections) -> tuple[dict[str, dict], dict[str, dict]]:
    """Split -> teacher -> its logits (n, w), and split -> pooled_<teacher> -> its states (n, h), of train and extra alone:
    only students read them. A split without texts has neither.
    """
    logits, states = {split: {} for split in texts}, {split: {} for split in texts}
    key = checkpoints.key("soften", {"task": task})
    for name, folder in ensemble.teachers(task, p.teachers, p.seeds).items():
        for split, (plain, _) in texts.items():
            if not plain:
                continue

            def run(part: list[str], folder=folder, what=f"{name} {split}") -> tuple[np.ndarray, np.ndarray]:
                return ensemble.teacher_logits(folder, part, p.tokens.max_length, what)

            logits[split][name], pooled = shards.score(run, plain, f"{task}/soft", f"{key} {name}")
            if split in ("train", "extra"):
                states[split][f"pooled_{name}"] = pooled
    return logits, states


def linear_members(task: str, texts: dict[str, Texts], ids: list[str], p: Sections) -> dict[str, dict]:
    """Split -> linear member or probe -> its logits (n, w); none for a split without texts. ids: of train.

    Raises CacheError: train's out-of-fold logits are missing, or those of other rows or another encoder.
    """
    probes = ensemble.probes(p.adapt.on)
    logits = {split: {} for split in texts}
    for split, (plain, linear) in texts.items():
        if not plain or (split == "train" and p.soften.out_of_fold):
            continue
        logits[split]["linear"] = ensemble.linear_logits(task, linear)
        for name in probes:
            logits[split][name] = ensemble.probe_logits(
                task, name, plain, p.baseline.probe_encoder, p.tokens.max_length
            )
    if p.soften.out_of_fold:
        sources = {"train": digest(paths.split_file(task, "train"))}
        for name, place in probes.items():
            sources[name] = digest(place(task, p.baseline.probe_encoder) / WEIGHTS)
        held_out = scores.load(paths.baseline(task) / "out_of_fold.safetensors", ids, sources)
        logits["train"] = {name: held_out[name] for name in ("linear", *probes)}
    return logits


def voters(task: str, p: Sections) -> list[str]:
    """The members that have a vote, by soften.members."""
    groups = {
        "linear": ["linear"],
        "probe": list(ensemble.probes(p.adapt.on)),
        "teachers": list(ensemble.teachers(task, p.teachers, p.seeds)),
    }
    return [name for group, names in groups.items() if group in p.soften.members for name in names]


def write_labels(
    task: str, ids: dict[str, list[str]], extra: list[str], stored: dict[str, dict], record: dict, p: Sections
) -> None:
    """models/<task>/soft. ids: of every split. extra: texts without labels. stored: split -> name -> array (n, ...)."""
    with writing(paths.soft(task)) as partial:
        partial.mkdir()
        pd.DataFrame({"id": ids["extra"], "text": extra}).to_parquet(partial / "extra.parquet", index=False)
        for split, arrays in stored.items():
            table = partial / "extra.parquet" if split == "extra" else paths.split_file(task, split)
            halved = {name: half(array) for name, array in arrays.items()}
            sources = soft.sources(task, table, p.teachers, p.seeds)
            scores.save(partial / f"{split}.safetensors", ids[split], halved, sources)
        write_json(partial / "ensemble.json", record)


def half(array: np.ndarray) -> np.ndarray:
    """float16, or float32 where a number head goes beyond 65,504."""
    return array.astype(np.float16 if np.abs(array).max(initial=0) < np.finfo(np.float16).max else np.float32)


def write_calibration(
    task: str,
    everyone: dict[str, np.ndarray],
    labels: np.ndarray,
    heads: tuple[Head, ...],
    temperatures: dict[str, dict[str, float]],
    weights: dict[str, float],
    bins: int,
) -> None:
    """The metrics, and calibration.csv with the bins behind them.

    everyone: member -> its logits (n, w) of calib. labels: (n, w), of calib. temperatures: member -> head -> its own.
    weights: of the members that vote. bins: how many.
    """
    metrics = {name: {"weight": weights[name]} if name in weights else {} for name in everyone}
    rows = []
    for name, raw in everyone.items():
        metrics[name] |= calibration.before_and_after(raw, labels, heads, temperatures[name], bins)
        for when, logits in (("before", raw), ("after", tempered(raw, heads, temperatures[name]))):
            for head, counts in calibration.bins(logits, labels, heads, bins).items():
                rows += [{"member": name, "head": head, "when": when} | count for count in counts]
    write_metrics(paths.metrics(task, "soften"), metrics)
    with writing(paths.table(task, "calibration")) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False)


def vote(
    logits: dict[str, np.ndarray], labels: np.ndarray, heads: tuple[Head, ...], temperatures: dict, how: str, pool: str
) -> dict[str, float]:
    """Weight of each member, summing to 1: equal, or the lowest NLL (plus squared error of numbers) on valid."""
    names = list(logits)
    equal = dict.fromkeys(names, round(1 / len(names), 6))
    if how == "equal" or len(names) == 1:
        return equal
    voices = np.stack(
        [ensemble.voice(tempered(logits[name], heads, temperatures[name]), heads, pool) for name in names]
    )
    # averaged logits are less sure than their members; calibration makes up for that later, and so does a scale here
    scaled = pool == "logits"

    def loss(raw: np.ndarray) -> float:
        shares = np.exp(raw[: len(names)] - raw[: len(names)].max())
        mean = np.tensordot(shares / shares.sum(), voices, axes=1)
        if scaled:
            common = {head.name: np.exp(-raw[-1]) for head in heads}
            mean = probabilities(tempered(mean, heads, common), heads)
        return sum(head.miss(mean[:, head.slice], labels[:, head.slice]) for head in heads)

    start = np.zeros(len(names) + scaled)
    fitted = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7, "maxiter": 4000})
    powers = fitted.x[: len(names)]
    shares = np.exp(powers - powers.max())
    return {name: round(float(share), 6) for name, share in zip(names, shares / shares.sum(), strict=True)}


if __name__ == "__main__":
    stage.run(main)
