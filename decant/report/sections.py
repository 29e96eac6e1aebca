"""The report as Markdown, for git and pull requests: the figures of the page, without what moves.

No timing and no commit is in it, for these do not repeat; the page and the JSON files have them.
"""

from decant.report import classes, crossfitted, learnt, mistakes, ranking, slices
from decant.report.banner import MEANING, bound_of, figure, remark
from decant.report.facts import MANY, Facts
from decant.report.glyphs import TOLD, lacking
from decant.report.markup import number
from decant.report.pages import plain, table
from decant.scoring import paired

CAPPED = ("threshold", "recall", "precision", "fpr", "fpr_high")


def markdown(facts: Facts) -> str:
    """The whole text."""
    blocks = [
        *verdict(facts),
        *contestants(facts),
        *differences(facts),
        *over_folds(facts),
        *by_class(facts),
        *thresholds(facts),
        *groups(facts),
        *history(facts),
        "## Data",
        "[The data report](data.md) has cleaning, duplicates, leaks, balance and lengths.",
    ]
    return "\n\n".join(blocks) + "\n"


def verdict(facts: Facts) -> list[str]:
    """The title with the verdict, and every gate."""
    gate = facts.metrics["gate"]
    rows = [
        {
            "gate": name,
            "value": figure(entry),
            "bound": f"{'at least' if entry['side'] == 'min' else 'at most'} {number(bound_of(entry), entry['key'])}",
            "result": f"**{entry['result']}**{remark(entry)}" if entry["result"] != "holds" else "holds",
        }
        for name, entry in gate["gates"].items()
    ]
    judged = f"On {facts.ships} with md5 `{gate['evidence']['model_md5']}`. [The page](report.html) shows more."
    return [f"# {facts.task}: {gate['verdict']}", f"{MEANING[gate['verdict']]} {judged}", table(rows, "gate")]


def contestants(facts: Facts) -> list[str]:
    """Everyone's headline figures, the best first, and the bytes that each needs."""
    size = {row.contestant: number(int(row.bytes), "bytes") for row in facts.plots["sizes"].itertuples()}
    rows = [row | {"size": size.get(row["contestant"])} for row in ranking.measured(facts)]
    return [
        f"## Contestants on the same {facts.n:,} test rows",
        f"All by one decision rule{ranking.how_tuned(facts)}. Intervals of {facts.confidence:.0%}.",
        table(rows, "contestant"),
        "![Every contestant with its interval](figures/contestants.png)",
    ]


def differences(facts: Facts) -> list[str]:
    """The shipped model minus each other one, in words."""
    return [
        f"## {facts.ships} against each other contestant",
        f"Differences on the same rows, with intervals of {facts.confidence:.0%}; p is McNemar's, of rows mended and broken.",
        "\n".join(f"- {words}" for words in ranking.sentences(facts).values()),
    ]


def over_folds(facts: Facts) -> list[str]:
    """Everyone over all rows; nothing, if no cross-fitted road was built."""
    if not crossfitted.built(facts):
        return []
    return ["## Cross-fitted", crossfitted.told(facts), table(crossfitted.measured(facts), "contestant")]


def by_class(facts: Facts) -> list[str]:
    """The shipped model class by class, with its figures and its most frequent mistakes."""
    mistaken = mistakes.frequent(mistakes.pairs(facts), facts.several)
    return [
        f"## {facts.ships}, class by class",
        f"Exact (Clopper-Pearson) intervals of {facts.confidence:.0%} for rates.",
        table([row | {"class": plain(row["class"])} for row in classes.by_class(facts)], "class"),
        *([TOLD] if lacking(list(facts.labels.values())) else []),
        "![Confusion](figures/confusion.png)",
        "![Precision and recall at every threshold](figures/precision_recall.png)",
        "![Scores against frequencies](figures/reliability.png)",
        "### Most frequent mistakes",
        table([row | {side: plain(row[side]) for side in ("is", "answered")} for row in mistaken], "is"),
    ]


def thresholds(facts: Facts) -> list[str]:
    """How thresholds did on the rows that they were tuned on; every contestant's where classes are few."""
    tuned = facts.metrics["thresholds"]
    names = list(facts.contestants) if len(facts.labels) <= MANY else [facts.ships]
    rows = [
        {"contestant": name, "class": plain(facts.labels[key])} | {figure: entry[figure] for figure in CAPPED}
        for name in names for key, entry in tuned.get(name, {}).get("classes", {}).items()
    ]  # fmt: skip
    if not rows:
        return ["## No thresholds", "The rule is argmax: the likeliest label is the answer."]
    title = f"## Thresholds ({facts.policy}, tuned on {tuned['n']:,} rows of {' and '.join(facts.tuned_on)})"
    return [title, *filter(None, [facts.promise]), table(rows, "contestant")]


def groups(facts: Facts) -> list[str]:
    return ["## Subgroups", table(slices.figures(facts), "group")]


def history(facts: Facts) -> list[str]:
    """Calibration, members, teachers, adaptation and recipes."""
    teachers, adapted, (low, high) = learnt.taught(facts), learnt.gains(facts), paired.TAILS
    quantize, export = facts.metrics["quantize"], facts.metrics["export"]
    blocks = [
        "## From valid to test",
        table(learnt.valid_and_test(facts), "contestant"),
        "## Calibration, before and after temperatures, on calib",
        table(learnt.calibrated(facts), "contestant"),
        "## Linear members, on train rows held out",
        "The settings that cross-validation chose (`probe_adapted`: valid); baseline.csv has every other.",
        table(learnt.of_heads(facts.metrics["baseline"], "member"), "member"),
        "## Teachers, as they learnt on train and were kept on valid",
        table(teachers, "encoder"),
    ]
    if adapted:
        blocks += [
            "## What adapting the encoder brought",
            "Teachers on the adapted encoder minus teachers on the published one, means over the same seeds, "
            f"{high - low:g}% interval.",
            table(adapted, "encoder"),
        ]
    return [
        *blocks,
        "## int8 recipes on valid",
        f"Chosen: `{quantize['recipe']}`. A logit of ONNX fp32 differs from torch's by at most {export['max_difference']}.",
        table(learnt.recipes(facts), "recipe"),
    ]
