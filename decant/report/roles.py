"""Which contestant fits which use, from measured size, latency and quality alone. The rule is written out, and shown."""

from dataclasses import dataclass

from decant.keys import STUDENT_INT8

BROWSER_BYTES = 25_000_000  # a page that loads more than this loses its visitor on a phone
ANSWER_MS = 100  # within which an answer feels instant (Nielsen 1993, "Usability Engineering")


@dataclass(frozen=True)
class Role:
    name: str
    contestant: str | None  # None: no contestant fits
    why: str


RULE = (
    "A contestant is as good as another one unless the interval of their difference in {measure} on test leaves out 0. "
    f"Browser: the shipped model, if it is an ONNX model, its bundle has at most {BROWSER_BYTES / 1e6:.0f} MB and 95 % of "
    f"texts take at most {ANSWER_MS} ms on one thread. Service: of the contestants that answer 95 % of texts within "
    f"{ANSWER_MS} ms, the shipped model, unless others are better, of which the one with the highest {{measure}} is taken. "
    "Offline, where nobody waits: the shipped model, unless the contestant with the highest {measure} is better, which is "
    "then taken."
)


def recommend(
    measure: str,
    shipped: str,
    scores: dict[str, float],
    worse: dict[str, bool],
    sizes: dict[str, int],
    latency: dict[str, float],
    rates: dict[str, float],
) -> list[Role]:
    """Browser, service and offline, in this order.

    shipped: the contestant that the bundle holds. scores: contestant -> the measure. worse: other contestant -> whether the
    shipped model is shown to be worse than it. sizes: contestant -> bytes it needs. latency: contestant -> milliseconds
    within which 95 % of texts are answered; rates: contestant -> rows per second in batches; both without those that were not
    measured.
    """
    small = sizes.get(shipped, BROWSER_BYTES + 1)
    ms = latency.get(shipped)
    told = "not measured" if ms is None else f"{ms:.1f} ms"
    fits = ms is not None and ms <= ANSWER_MS and small <= BROWSER_BYTES
    what = "" if shipped == STUDENT_INT8 else "no ONNX model; "
    browser = Role(
        "browser", shipped if fits and not what else None, f"{what}{small / 1e6:.1f} MB, 95 % of texts within {told}"
    )

    quick = {name for name in scores if latency.get(name, ANSWER_MS + 1) <= ANSWER_MS}
    better = [name for name in quick if worse.get(name)]
    server = max(better, key=scores.get) if better else shipped
    why = "shown to be better than the shipped model" if better else f"none within {ANSWER_MS} ms is shown to be better"
    ms = latency.get(server)
    told = "not measured" if ms is None else f"within {ms:.1f} ms"
    service = Role("service", server if server in quick else None, f"{why}; 95 % of texts {told}")

    best = max(scores, key=scores.get)
    if best != shipped and worse.get(best):
        taken, why = (
            best,
            f"{measure} {scores[best]:.3f}; the shipped model has {scores[shipped]:.3f}, shown to be less",
        )
    else:
        others = "it has the highest" if best == shipped else f"not shown to be worse than {best}, the highest in"
        taken, why = shipped, f"{others} {measure}, in {small / 1e6:.1f} MB"
    if taken in rates:
        why += f"; a million rows take {1e6 / rates[taken] / 60:,.0f} minutes of a core"
    return [browser, service, Role("offline", taken, why)]
