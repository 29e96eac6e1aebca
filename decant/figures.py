"""The figures of a report: tables in, PNG files out. shown: the contestant that the page is about."""

from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("agg")  # no window system is needed, and pixels do not depend on one
from matplotlib import pyplot as plt


def contestants(scores: dict, shown: str, file: Path) -> None:
    """Macro F1 of every contestant with its interval, the best on top. scores: name -> n, macro_f1, _low, _high."""
    names = sorted(scores, key=lambda name: scores[name]["macro_f1"])
    figure, axes = plt.subplots(figsize=(7, 0.45 * len(names) + 1.2))
    for row, name in enumerate(names):
        entry = scores[name]
        colour = "#c2410c" if name == shown else "#475569"
        axes.plot([entry["macro_f1_low"], entry["macro_f1_high"]], [row, row], color=colour, linewidth=2)
        axes.plot(entry["macro_f1"], row, "o", color=colour)
        axes.annotate(
            f"{entry['macro_f1']:.3f}",
            (entry["macro_f1"], row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set(
        yticks=range(len(names)),
        yticklabels=names,
        xlabel=f"macro F1 on {scores[shown]['n']:,} test rows, with its interval",
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
    for row in range(len(labels)):
        for column in range(len(labels)):
            dark = shares.iloc[row, column] > 0.5
            axes.text(
                column,
                row,
                f"{counts.iloc[row, column]:,}",
                ha="center",
                va="center",
                color="white" if dark else "#1c2430",
                fontsize=8,
            )
    places = range(len(labels))
    axes.set(xticks=places, yticks=places, xticklabels=labels, yticklabels=labels, xlabel="predicted", ylabel="actual")
    plt.setp(axes.get_xticklabels(), rotation=45, ha="right")
    axes.set_title(f"{shown} on test", fontsize=10)
    save(figure, file)


def curves(points: pd.DataFrame, shown: str, file: Path) -> None:
    """Precision over recall, one line per label. points: label, recall, precision."""
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for label, part in points.groupby("label", sort=False):
        axes.plot(part["recall"], part["precision"], label=label)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02), title=f"{shown} on test")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, file)


def reliability(bins: pd.DataFrame, shown: str, file: Path) -> None:
    """Shares that are right over mean scores. bins: label, prob_pred, prob_true, n."""
    figure, axes = plt.subplots(figsize=(6, 4.5))
    axes.plot([0, 1], [0, 1], "--", color="#94a3b8", linewidth=1)
    for label, part in bins.groupby("label", sort=False):
        # the area of a point is its number of rows: most of the jumps are bins of one or two
        axes.plot(part["prob_pred"], part["prob_true"], linewidth=0.7, alpha=0.6)
        axes.scatter(part["prob_pred"], part["prob_true"], s=4 + 2 * part["n"], alpha=0.8, label=label)
    axes.set(
        xlabel="mean score in the bin",
        ylabel="share that is right",
        xlim=(0, 1),
        ylim=(0, 1.02),
        title=f"{shown} on test",
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, file)


def save(figure, file: Path) -> None:
    """PNG without the version of the library in it, so that its bytes repeat."""
    figure.tight_layout()
    figure.savefig(file, dpi=120, metadata={"Software": None})
    plt.close(figure)
