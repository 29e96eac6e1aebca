"""The figures of a report: tables in, PNG files out. shown: the contestant that the page is about."""

from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("agg")  # no window system is needed, and pixels do not depend on one
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decant.report import glyphs

plt.rcParams["font.family"] = glyphs.FONT
plt.rcParams["text.parse_math"] = False  # a $ in a label is a $, not the start of a formula
SPLITS = ("#475569", "#0284c7", "#d97706", "#c2410c")  # colours of train, valid, calib, test
MANY = 6  # labels that one pair of axes can show, and one table next to something else
COLUMNS = 5  # of small axes, where there are more


def contestants(scores: dict, measure: str, called: str, shown: str, file: Path) -> None:
    """A measure of every contestant with its interval, the best on top. scores: name -> n, the measure, its _low and _high.

    called: the measure in words.
    """
    names = sorted(scores, key=lambda name: scores[name][measure])
    figure, axes = plt.subplots(figsize=(7, 0.45 * len(names) + 1.2))
    for row, name in enumerate(names):
        entry = scores[name]
        colour = "#c2410c" if name == shown else "#475569"
        axes.plot([entry[f"{measure}_low"], entry[f"{measure}_high"]], [row, row], color=colour, linewidth=2)
        axes.plot(entry[measure], row, "o", color=colour)
        axes.annotate(
            f"{entry[measure]:.3f}",
            (entry[measure], row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set(
        yticks=range(len(names)),
        yticklabels=names,
        xlabel=f"{called} on {scores[shown]['n']:,} test rows, with its interval",
    )
    axes.margins(y=0.15)
    axes.grid(axis="x", alpha=0.3)
    save(figure, file)


def confusion(rows: pd.DataFrame, shown: str, file: Path) -> None:
    """Counts of actual against predicted answers, shaded by the share of the actual ones. rows: actual, predicted."""
    counts = pd.crosstab(rows["actual"], rows["predicted"])
    labels = sorted(set(counts.index) | set(counts.columns))
    counts = counts.reindex(index=labels, columns=labels, fill_value=0)
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    size = max(4.0, 0.45 * len(labels) + 2)
    figure, axes = plt.subplots(figsize=(size, size))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*counts.to_numpy().nonzero(), strict=True):
        axes.text(
            column,
            row,
            f"{counts.iloc[row, column]:,}",
            ha="center",
            va="center",
            color="white" if shares.iloc[row, column] > 0.5 else "#1c2430",
            fontsize=8,
        )
    places, words = range(len(labels)), list(map(glyphs.drawn, labels))
    axes.set(xticks=places, yticks=places, xticklabels=words, yticklabels=words, xlabel="predicted", ylabel="actual")
    plt.setp(axes.get_xticklabels(), rotation=45, ha="right")
    axes.set_title(f"{shown} on test", fontsize=10)
    save(figure, file)


def hits(rows: pd.DataFrame, labels: list[str], shown: str, file: Path) -> None:
    """For labels of which any may hold: how often each was found, missed, or said without being there.

    rows: actual, predicted, one line per row and label, 'label' or 'not label'.
    """
    counts = pd.DataFrame(
        {
            "found": [((rows["actual"] == label) & (rows["predicted"] == label)).sum() for label in labels],
            "missed": [((rows["actual"] == label) & (rows["predicted"] == f"not {label}")).sum() for label in labels],
            "false alarm": [
                ((rows["actual"] == f"not {label}") & (rows["predicted"] == label)).sum() for label in labels
            ],
        },
        index=labels,
    )
    counts = counts.loc[(counts["found"] + counts["missed"]).sort_values(kind="stable").index]
    figure, axes = plt.subplots(figsize=(7, 0.3 * len(labels) + 1.4))
    begin = -counts["missed"]  # what is right of the line was said
    for name, colour in (("missed", "#cbd5e1"), ("found", "#0284c7"), ("false alarm", "#d97706")):
        axes.barh(range(len(counts)), counts[name], 0.75, left=begin, label=name, color=colour)
        begin = begin + counts[name]
    axes.axvline(0, color="#475569", linewidth=1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.set(yticks=range(len(counts)), yticklabels=list(map(glyphs.drawn, counts.index)), xlabel="rows")
    axes.set_title(f"{shown} on test", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    save(figure, file)


def panels(labels: list[str], wide: str, high: str, shown: str) -> tuple[Figure, dict[str, Axes]]:
    """The figure, and label -> its axes: one pair for all labels, or one for each if there are more than MANY."""
    several = len(labels) > MANY
    columns = min(COLUMNS, len(labels)) if several else 1
    rows = -(-len(labels) // columns) if several else 1
    size = (2.0 * columns, 1.9 * rows + 0.6) if several else (6, 4.5)
    figure, drawn = plt.subplots(rows, columns, figsize=size, squeeze=False, sharex=True, sharey=True)
    every = list(drawn.flat)
    for axes in every[len(labels) if several else 1 :]:
        axes.set_visible(False)
    for axes in every:
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
    figure.supxlabel(wide, fontsize=10)
    figure.supylabel(high, fontsize=10)
    figure.suptitle(f"{shown} on test", fontsize=10)
    of = dict(zip(labels, every, strict=False)) if several else dict.fromkeys(labels, every[0])
    if several:
        for label, axes in of.items():
            axes.set_title(glyphs.drawn(label), fontsize=8)
    return figure, of


def curves(points: pd.DataFrame, shown: str, file: Path) -> None:
    """Precision over recall of each label. points: label, recall, precision."""
    labels = list(dict.fromkeys(points["label"]))
    figure, of = panels(labels, "recall", "precision", shown)
    for label, part in points.groupby("label", sort=False):
        of[label].plot(part["recall"], part["precision"], label=glyphs.drawn(label))
    if 0 < len(labels) <= MANY:
        of[labels[0]].legend(fontsize=8)
    save(figure, file)


def reliability(bins: pd.DataFrame, shown: str, file: Path) -> None:
    """Shares that are right over mean scores, of each label. bins: label, prob_pred, prob_true, n."""
    labels = list(dict.fromkeys(bins["label"]))
    figure, of = panels(labels, "mean score in the bin", "share that is right", shown)
    for axes in dict.fromkeys(of.values()):
        axes.plot([0, 1], [0, 1], "--", color="#94a3b8", linewidth=1)
    for label, part in bins.groupby("label", sort=False):
        # the area of a point is its share of the rows: most of the jumps are bins of one or two
        size = 4 + 200 * part["n"] / part["n"].sum()
        of[label].plot(part["prob_pred"], part["prob_true"], linewidth=0.7, alpha=0.6)
        of[label].scatter(part["prob_pred"], part["prob_true"], s=size, alpha=0.8, label=glyphs.drawn(label))
    if 0 < len(labels) <= MANY:
        of[labels[0]].legend(fontsize=8, markerscale=0.5)
    save(figure, file)


def balance(rows: pd.DataFrame, file: Path) -> None:
    """Share of each label in each split, the most frequent on top. rows: split, label, rows, share."""
    wide = rows.pivot(index="label", columns="split", values="share")[list(dict.fromkeys(rows["split"]))]
    wide = wide.loc[wide.mean(axis=1).sort_values(kind="stable").index]
    figure, axes = plt.subplots(figsize=(7, 0.32 * len(wide) + 1.4))
    height = 0.8 / len(wide.columns)
    for index, (split, shares) in enumerate(wide.items()):
        places = [row + 0.4 - height * (index + 0.5) for row in range(len(wide))]
        axes.barh(places, shares, height, label=split, color=SPLITS[index % len(SPLITS)])
    axes.set(
        yticks=range(len(wide)), yticklabels=list(map(glyphs.drawn, wide.index)), xlabel="share of the split's rows"
    )
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    save(figure, file)


def together(rows: pd.DataFrame, file: Path) -> None:
    """How often two labels hold in one row. rows: label, other, rows."""
    names = list(dict.fromkeys([*rows["label"], *rows["other"]]))
    counts = pd.DataFrame(0, index=names, columns=names)
    for label, other, number in rows.itertuples(index=False):
        counts.loc[label, other] = counts.loc[other, label] = number
    size = max(3.5, 0.3 * len(names) + 1.8)
    figure, axes = plt.subplots(figsize=(size, size))
    if names:  # a single label has no pairs
        axes.imshow(counts, cmap="Blues")
    most = counts.to_numpy().max(initial=0)
    for row, column in zip(*counts.to_numpy().nonzero(), strict=True):
        number = counts.iloc[row, column]
        colour = "white" if number > most / 2 else "#1c2430"
        axes.text(
            column, row, f"{number:,}", ha="center", va="center", color=colour, fontsize=6 if len(names) > 8 else 8
        )
    words = list(map(glyphs.drawn, names))
    axes.set(xticks=range(len(names)), yticks=range(len(names)), xticklabels=words, yticklabels=words)
    axes.set_title("rows of train with both labels", fontsize=10)
    plt.setp(axes.get_xticklabels(), rotation=45, ha="right")
    save(figure, file)


def lengths(bins: pd.DataFrame, unit: str, limit: int | None, file: Path) -> None:
    """Histogram of text lengths, one line per split; limit: where longer texts are cut. bins: of, split, from, to, share."""
    groups = list(bins.groupby("of", sort=False))
    figure, drawn = plt.subplots(len(groups), 1, figsize=(7, 2.6 * len(groups)), squeeze=False)
    for axes, (name, part) in zip(drawn[:, 0], groups, strict=True):
        for index, (split, histogram) in enumerate(part.groupby("split", sort=False)):
            edges = [*histogram["from"], histogram["to"].iloc[-1]]
            axes.stairs(histogram["share"], edges, label=split, color=SPLITS[index % len(SPLITS)], linewidth=1.5)
        if limit:
            axes.axvline(limit, color="#c2410c", linestyle="--", linewidth=1, label=f"cut at {limit}")
        axes.set(xlabel=f"{unit} per text" + (f" ({name})" if len(groups) > 1 or name != unit else ""), ylabel="share")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    save(figure, file)


def save(figure: Figure, file: Path) -> None:
    """PNG without the version of the library in it, so that its bytes repeat."""
    figure.tight_layout()
    figure.savefig(file, dpi=120, metadata={"Software": None})
    plt.close(figure)
