"""Which contestant fits which use, from measured size, latency and quality alone. The rule is written out, and shown."""

from dataclasses import dataclass

from decant.keys import SHIPPED

BROWSER_BYTES = 25_000_000  # a page that loads more than this loses its visitor on a phone
ANSWER_MS = 100  # within which an answer feels instant (Nielsen 1993, "Usability Engineering")


@dataclass(frozen=True)
class Role:
    name: str
    contestant: str | None  # None: no contestant fits
    why: str


RULE = (
    "A contestant is as good as another one unless the interval of their difference in {measure} on test leaves out 0. "
    f"Browser: the shipped model, if its bundle has at most {BROWSER_BYTES / 1e6:.0f} MB and 95 % of texts take at most "
    f"{ANSWER_MS} ms on one thread. Service: of the student in int8 and in fp32 the one in int8, unless the fp32 one is better, "
    f"if 95 % of texts take at most {ANSWER_MS} ms. Offline, where nobody waits: the shipped model, unless the contestant with "
    "the highest {measure} is better, which is then taken."
)


def recommend(
    measure: str, scores: dict[str, float], worse: dict[str, bool], sizes: dict[str, int], latency: dict[str, float]
) -> list[Role]:
    """Browser, service and offline, in this order.

    scores: contestant -> the measure. worse: other contestant -> whether the shipped model is shown to be worse than it.
    sizes: contestant -> bytes it needs. latency: contestant -> milliseconds within which 95 % of texts are answered; empty
    where nothing was measured.
    """
    small = sizes.get(SHIPPED, BROWSER_BYTES + 1)
    ms = latency.get(SHIPPED)
    told = "not measured" if ms is None else f"{ms:.1f} ms"
    fits = ms is not None and ms <= ANSWER_MS and small <= BROWSER_BYTES
    browser = Role("browser", SHIPPED if fits else None, f"{small / 1e6:.1f} MB, 95 % of texts within {told}")

    server = "student" if worse.get("student") else SHIPPED
    ms = latency.get(server)
    why = "fp32 is better" if server == "student" else "int8 is not shown to be worse than fp32"
    told = "not measured" if ms is None else f"within {ms:.1f} ms"
    service = Role("service", server if ms is not None and ms <= ANSWER_MS else None, f"{why}; 95 % of texts {told}")

    best = max(scores, key=scores.get)
    if best != SHIPPED and worse.get(best):
        offline = Role(
            "offline",
            best,
            f"{measure} {scores[best]:.3f}; the shipped model has {scores[SHIPPED]:.3f}, shown to be less",
        )
    else:
        others = "it has the highest" if best == SHIPPED else f"not shown to be worse than {best}, the highest in"
        offline = Role("offline", SHIPPED, f"{others} {measure}, in {small / 1e6:.1f} MB")
    return [browser, service, offline]
