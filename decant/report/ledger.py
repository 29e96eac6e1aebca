"""The ledger: one sheet per table, for who wants to calculate with the figures."""

from pathlib import Path

import pandas as pd

from decant.data import formulas
from decant.report.facts import Facts

OPTIONS = {"in_memory": True} | formulas.SHEET


def ledger(facts: Facts, file: Path) -> None:
    """Written to `file`. xlsxwriter fixes the time stamps inside it, so its bytes repeat."""
    paired, known = facts.metrics["paired"], facts.contestants
    sheets = {
        "contestants": [{"contestant": name} | flat(entry) for name, entry in known.items()],
        "classes": [
            {"contestant": name, "class": facts.labels[key]} | rates
            for name, entry in known.items() for key, rates in entry["classes"].items()
        ],
        "paired": [{"pair": name} | flat(entry) for name, entry in paired.items()],
        "paired_classes": [
            {"pair": name, "class": facts.labels[key]} | rates
            for name, entry in paired.items() for key, rates in entry.get("classes", {}).items()
        ],
        "gates": [{"gate": name} | entry for name, entry in facts.metrics["gate"]["gates"].items()],
    }  # fmt: skip
    with pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs={"options": OPTIONS}) as book:
        book.book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})
        for name, rows in sheets.items():
            pd.DataFrame(rows).to_excel(book, sheet_name=name, index=False)


def flat(entry: dict) -> dict:
    return {key: value for key, value in entry.items() if not isinstance(value, dict)}
