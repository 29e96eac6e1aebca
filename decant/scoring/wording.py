"""One sentence from an entry of paired.json: what the shipped classifier has over another, and how sure that is."""

NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1", "micro_auc": "micro AUC", "macro_auc": "macro AUC"}
MOST = 3  # decimals of a point


def sentence(entry: dict, other: str, measure: str = "macro_f1") -> str:
    """For example: better than linear by 1.8 points of macro F1, interval 0.4 to 3.1; 12 rows mended, 5 broken (p = .14).

    entry: of paired.json, below minus_<other>. An interval that holds 0 shows no difference. measure: a key of NAMES;
    a KeyError where the entry lacks it, as an AUC may. p is McNemar's, of the rows alone.
    """
    value, low, high = (100 * entry[key] for key in (measure, f"{measure}_low", f"{measure}_high"))
    unit = f"points of {NAMES[measure]}"
    if low > 0:
        found = f"better than {other} by {shown(value)} {unit}, interval {shown(low)} to {shown(high)}"
    elif high < 0:
        found = f"worse than {other} by {shown(-value)} {unit}, interval {shown(-high)} to {shown(-low)}"
    else:
        found = f"no difference from {other} shown: {shown(value)} {unit}, interval {shown(low)} to {shown(high)}"
    return f"{found}; {rows(entry['mended'], entry['broken'], entry['mcnemar_p'])}"


def shown(points: float) -> str:
    """With one decimal, and more where that would make a 0 of a number that is none."""
    places = next((places for places in range(1, MOST) if round(points, places)), MOST if points else 1)
    return f"{round(points, places) + 0.0:.{places}f}"


def rows(mended: int, broken: int, p: float) -> str:
    """What changed, row by row."""
    if not mended + broken:
        return "no row mended or broken"
    return f"{mended} {'row' if mended == 1 else 'rows'} mended, {broken} broken ({chance(p)})"


def chance(p: float) -> str:
    """Two digits that say something, and none before the point; 1 is 1."""
    if p < 0.001:
        return "p < .001"
    text = f"{p:.{2 if p >= 0.1 else 3}f}"
    return "p = 1" if float(text) == 1 else f"p = {text.removeprefix('0')}"
