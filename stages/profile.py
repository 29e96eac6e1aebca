"""profile: the data report, before anything is fitted: what happened to the rows, balance, lengths, tokens, languages.

In: train, valid and calib (test stays closed; its counts are in split.json), what prepare and split wrote down, and the
tokenizers of the encoders. Out: metrics/<task>/profile.json for dvc, the page data.md, and its figures with their tables
(metrics/<task>/profile). Nothing is decided here: a person looks, and changes params.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from decant import checked, decision, paths, stage, tables
from decant.data.languages import guesser, spoken
from decant.files import read_json, slug, write_metrics, writing
from decant.heads import Head, labelled
from decant.models.coverage import covered
from decant.models.encoder import encode, load_tokenizer
from decant.paths import SPLITS
from decant.progress import bar
from decant.report import figures
from decant.report.glyphs import lacking
from decant.report.pages import table, write_page
from decant.settings.base import Section
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens

OPEN = ("train", "valid", "calib")
UNCUT = 1_000_000  # tokens; every text at its full length
BINS = 30  # of the histograms


class Sections(Section):
    decision: Decision
    heads: Heads
    teachers: list[str]
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    rule = rule_of(p.decision)
    frames = {split: tables.load(task, split, heads) for split in OPEN}
    tokenizers = {name: load_tokenizer(paths.encoder(task, name)) for name in p.teachers}
    languages = guesser()

    metrics, characters, tokens = {}, {}, {}
    shown = bar(total=len(tokenizers) * sum(map(len, frames.values())), what="tokens", unit="text")
    for split, frame in frames.items():
        texts = frame["text"].tolist()
        metrics[split] = {"n": len(frame)} | quantiles(
            "characters", characters.setdefault(split, frame["length"].to_numpy())
        )
        for name, tokenizer in tokenizers.items():
            sizes = np.array([len(ids) for ids in encode(tokenizer, texts, UNCUT)])
            tokens.setdefault(name, {})[split] = sizes
            metrics[split][f"encoder_{slug(name)}"] = (
                quantiles("tokens", sizes)
                | {"cut": float((sizes > p.tokens.max_length).mean())}
                | covered(tokenizer.backend_tokenizer, tokenizer.unk_token, texts)._asdict()
            )
            shown.update(len(texts))
        answers = decision.gold(rule, heads, tables.targets(frame, heads))
        metrics[split]["answers_per_row"] = float(answers.sum(axis=1).mean())
        metrics[split]["rows_in_clusters"] = int(frame["cluster"].duplicated(keep=False).sum())
        metrics[split]["languages"] = spoken(texts, languages)
    shown.close()
    write_metrics(paths.metrics(task, "profile"), metrics)

    with writing(paths.profile(task)) as partial:
        partial.mkdir(parents=True)
        counts = {
            "labels": labels(frames, heads),
            "cooccurrence": cooccurrence(frames["train"], heads),
            "characters": histogram({"characters": characters}),
            "tokens": histogram(tokens),
        }
        if several := bool(counts["cooccurrence"]["rows"].any()):
            figures.together(counts["cooccurrence"], partial / "cooccurrence.png")
        else:
            del counts["cooccurrence"]  # of labels that exclude each other it has zeros alone
        for name, rows in counts.items():
            rows.to_csv(partial / f"{name}.csv", index=False)
        figures.balance(counts["labels"], partial / "labels.png")
        figures.lengths(counts["characters"], "characters", None, partial / "characters.png")
        figures.lengths(counts["tokens"], "tokens", p.tokens.max_length, partial / "tokens.png")
    written = {part: read_json(paths.metrics(task, part)) for part in ("prepare", "split")}
    text = page(task, written, metrics, several, lacking(counts["labels"]["label"].tolist()))
    write_page(paths.page(task, "data"), f"Decant: data of {task}", text)


def quantiles(name: str, sizes: np.ndarray) -> dict[str, float]:
    summary = {f"{name}_mean": float(sizes.mean()), f"{name}_max": int(sizes.max())}
    return summary | {f"{name}_p{q}": float(np.percentile(sizes, q)) for q in (50, 95, 99)}


def balance(frame: pd.DataFrame, heads: tuple[Head, ...]) -> dict[str, np.ndarray]:
    """Label -> (n,) rows that have it, for all heads with labels."""
    targets = tables.targets(frame, heads)
    return {
        label: column > 0.5
        for head in labelled(heads)
        for label, column in zip(head.labels, head.of_labels(targets[:, head.slice]).T, strict=True)
    }


def labels(frames: dict[str, pd.DataFrame], heads: tuple[Head, ...]) -> pd.DataFrame:
    """split, label, rows, share."""
    rows = [
        {"split": split, "label": label, "rows": int(has.sum()), "share": round(float(has.mean()), 4)}
        for split, frame in frames.items()
        for label, has in balance(frame, heads).items()
    ]
    return pd.DataFrame(rows)


def cooccurrence(train: pd.DataFrame, heads: tuple[Head, ...]) -> pd.DataFrame:
    """label, other, rows of train that have both."""
    masks = balance(train, heads)
    rows = [
        {"label": label, "other": other, "rows": int((masks[label] & masks[other]).sum())}
        for label, other in combinations(masks, 2)
    ]
    return pd.DataFrame(rows, columns=["label", "other", "rows"])


def histogram(sizes: dict[str, dict[str, np.ndarray]]) -> pd.DataFrame:
    """of, split, from, to, share: one grid for all splits, the last bin open at the 99.5th percentile."""
    parts = []
    for name, by_split in sizes.items():
        everything = np.concatenate(list(by_split.values()))
        top = max(int(np.percentile(everything, 99.5)), 1)
        edges = np.unique(np.linspace(0, top, BINS + 1).astype(int))
        for split, values in by_split.items():
            counts, _ = np.histogram(np.minimum(values, top), edges)
            share = np.round(counts / len(values), 4)
            parts.append(
                pd.DataFrame({"of": name, "split": split, "from": edges[:-1], "to": edges[1:], "share": share})
            )
    return pd.concat(parts, ignore_index=True)


def corrected(counts: dict | None) -> list[str]:
    """A sentence on source.corrections, where there are any."""
    if not counts:
        return []
    labels = ", ".join(f"{number:,} of {head}" for head, number in counts["labels"].items())
    return [f"Labels that a person has corrected (source.corrections): {labels}, in {counts['rows']:,} rows."]


def bad_rows(prepared: dict) -> list[str]:
    """What source.bad_rows has left out, and why; nothing where bad rows stop the road."""
    if not prepared.get("rows_bad"):
        return []
    kinds = ", ".join(f"{rows:,} {kind.replace('_', ' ')}" for kind, rows in prepared["bad_rows"].items())
    share = prepared["rows_bad"] / (prepared["rows_bad"] + prepared["rows_raw"])
    return [
        f"Beside them {prepared['rows_bad']:,} bad rows ({share:.2%}) could not be read and were left out: {kinds}."
    ]


def annotators(prepared: dict) -> list[str]:
    """How far several annotators of a row agree, by head, or by label where several may hold."""
    lines = []
    for head, entry in prepared.get("agreement", {}).items():
        own = {name: value for name, value in entry.items() if not isinstance(value, dict)}
        lines.append({"head": head, "label": None, "rows_tied": None, "rows": None, "alpha": None} | own)
        lines += [{"head": head, "label": label} | value for label, value in entry.items() if isinstance(value, dict)]
    if not lines:
        return []
    note = (
        "rows: with at least two annotators. alpha is Krippendorff's: 1 where they agree always, 0 as by chance; below 0.67 "
        "a label says little. rows_tied were left out."
    )
    return ["## Annotators", table(lines, "head"), note]


def page(task: str, written: dict, metrics: dict, several: bool, unknown: bool = False) -> str:
    """What cleaning, splits and policies did to the rows, and what the texts look like.

    several: whether any two labels hold in one row. unknown: whether a label has a character that the figures cannot draw.
    """
    prepared, split = written["prepare"], written["split"]
    cleaning = [{"step": "as they came", "words": prepared["words_raw"]}] + [
        {"step": key.removeprefix("clean_").removeprefix("linear_"), "rows changed": entry.get("rows_changed")}
        | {"words": entry.get("words_after"), "content words": entry.get("content_words_after")}
        for key, entry in prepared.items() if isinstance(entry, dict) and key.startswith(("clean_", "linear_"))
    ]  # fmt: skip
    splits = []
    for name in SPLITS:
        line = {"split": name, "n": split[name]["n"], "drift": split[name]["drift"]}
        answers = split[name]["answers"].items()  # a class may be called split or drift
        splits.append(line | {f"{answer} (rows)" if answer in line else answer: rows for answer, rows in answers})
    leaks = [{"rows that share": "before the policy: " + key.removeprefix("given_leakage_") if key.startswith("given") else
              key.removeprefix("leakage_")} | entry
             for key, entry in split.items() if "leakage_" in key and isinstance(entry, dict)]  # fmt: skip
    texts = [{"split": name} | {key: value for key, value in entry.items() if not isinstance(value, dict)}
             for name, entry in metrics.items()]  # fmt: skip
    encoders = [{"split": name, "encoder": key.removeprefix("encoder_")} | value
                for name, entry in metrics.items() for key, value in entry.items() if key.startswith("encoder_")]  # fmt: skip
    guessed = [{"split": name} | entry["languages"] for name, entry in metrics.items()]
    sections = [
        f"# {task}: the data",
        f"{prepared['rows_raw']:,} raw rows, of which {prepared['rows_empty']:,} are empty after cleaning and "
        f"{prepared['rows_unlabelled']:,} have no label. {prepared['duplicates']:,} rows repeat a text; "
        f"{prepared['conflicting_rows']:,} rows of {prepared['conflicting_texts']:,} texts have more than one answer. Policies left out "
        f"{prepared['rows_dropped_as_conflicts']:,} rows as conflicts, {prepared['rows_dropped_as_repeats']:,} as repeats, "
        f"{split['dropped_leaks']:,} as leaks, {split.get('dropped_frozen', 0):,} beside frozen test rows, "
        f"{split['dropped_time']:,} for time and {split['dropped_fast']:,} for fast mode. "
        f"{split['rows_in_clusters']:,} rows are in {split['clusters']:,} clusters of equal or nearly equal texts, the largest "
        f"of {split['largest_cluster']:,}. Examples: conflicts.csv and duplicates.csv beside the splits.",
        *bad_rows(prepared),
        *corrected(prepared.get("corrections")),
        *annotators(prepared),
        "## Splits",
        table(splits, "split"),
        "![Share of each label in each split](profile/labels.png)",
        *(["The figures call a character that their font lacks by its name or number (U+6B63)."] if unknown else []),
        *(["![Labels that hold together](profile/cooccurrence.png)"] if several else []),
        "## Rows of a later split with a partner in an earlier one",
        table(leaks, "rows that share"),
        f"{split['leakage_frozen']:,} rows of train, valid or calib were test in a frozen manifest.",
        "## Cleaning, step by step",
        table(cleaning, "step"),
        "## Texts (test stays closed)",
        table(texts, "split"),
        "![Characters per text](profile/characters.png)",
        table(encoders, "split"),
        "![Tokens per text](profile/tokens.png)",
        "Languages, guessed for a sample:",
        table(guessed, "split"),
    ]
    return "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    stage.run(main)
