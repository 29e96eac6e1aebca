"""Where the figures come from: seeds, digests of the rows and of the model, the machine and the versions."""

from decant.paths import SPLITS
from decant.report import banner
from decant.report.facts import Facts
from decant.report.markup import Html, folded, note, section, table, tag


def origin(facts: Facts, made: dict[str, str]) -> Html:
    """made: of provenance.json, the environment that the page was written in."""
    rows = [
        {
            "split": name,
            "rows": facts.metrics["split"][name]["n"],
            "sha256 of its ids": tag("code", facts.metrics["split"][name]["sha256"]),
        }
        for name in SPLITS
    ]
    built = {"seeds": ", ".join(map(str, facts.seeds)), "encoders": ", ".join(facts.encoders)}
    measured = {key: facts.metrics["benchmark"][key] for key in ("processor", "instructions", "threads", "onnxruntime")}
    return section(
        "origin",
        "Provenance",
        tag("dl", *(tag("div", tag("dt", key), tag("dd", str(value))) for key, value in (built | made).items()), class_="facts small"),
        folded("Digests of what was judged", table(banner.evidence(facts), "Digests", ("digest",))),
        folded("Rows of every split", table(rows, "Rows of every split", ("sha256 of its ids",))),
        folded("The machine of the timings", table([{"what": key, "value": str(value)} for key, value in measured.items()],
               "Machine of the timings", ("value",))),
        note(tag("a", "The data report", href="data.html"), " has cleaning, duplicates, leaks, balance and lengths."),
    )  # fmt: skip
