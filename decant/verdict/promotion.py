"""Releasing a bundle: a green verdict, or an amber one that somebody answers for, and only about these very bytes."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

from decant import paths
from decant.errors import CacheError, PromotionError
from decant.files import read_json, write_json, writing
from decant.settings.params import read
from decant.verdict import card, champion, evidence, gates, lock, provenance, release


def reasons(task: str, gate: dict) -> list[str]:
    """One line per gate that does not hold; empty exactly if the verdict is green. gate: content of gate.json."""
    return [
        f"{task}: {name} {evidence.described(entry)}{more(entry)}"
        for name, entry in gate["gates"].items()
        if entry["result"] != gates.HOLDS
    ]


def more(entry: dict) -> str:
    """How many rows would decide an open gate, in words."""
    return f" (about {entry['more_rows']:,} more rows would decide it)" if "more_rows" in entry else ""


def promote(task: str, bundle: Path, target: Path, accept_open: str | None = None) -> str:
    """Copy the bundle to `target`, with its verdict, its model card and where it comes from, and crown it; returns the md5 of
    the int8 file.

    accept_open: why gates that are open may be, which the release and its card say.

    Raises PromotionError: red, or amber without a reason, a verdict that the files here do not give, or a target that holds
    something else. CacheError: no
    verdict, no predictions, or no card of this model. BundleError: a damaged bundle.
    """
    settings = read(task)
    release.refuse_others(target, task)
    if others := evidence.refusals(task, settings.gates, settings.thresholds.caps, bundle, recorded := lock.outs()):
        raise PromotionError("\n".join(others))
    gate = read_json(paths.metrics(task, "gate"))
    still_open = may_go(task, gate, accept_open)
    text = card_about(task, gate)
    if changed := lock.differing([paths.predictions(task), paths.page(task, "card")], recorded, f"report@{task}"):
        raise PromotionError("\n".join(changed))
    accepted = {"accepted_open": {"reason": accept_open, "gates": still_open}} if still_open else {}
    with writing(target) as partial:
        shutil.copytree(bundle, partial)
        write_json(partial / "gate.json", gate | accepted)
        write_json(partial / release.FILE, release.origin(task, bundle, gate | accepted, provenance.commit()))
        words = released(text, provenance.commit(), datetime.now(UTC).date(), accept_open, still_open)
        (partial / "README.md").write_text(words, encoding="utf-8")
    champion.crown(task, gate["evidence"]["model_md5"])
    return gate["evidence"]["model_md5"]


def may_go(task: str, gate: dict, accept_open: str | None) -> list[str]:
    """The gates that are open, a line each. Raises PromotionError: one fails, or some are open and nobody says why."""
    left = reasons(task, gate)
    if gate["verdict"] == gates.RED:
        raise PromotionError("; ".join(left))
    if left and not accept_open:
        how = 'whoever answers for it releases it with --accept-open "the reason", which the release then says'
        raise PromotionError(f"{'; '.join(left)}; {how}")
    return left


def card_about(task: str, gate: dict) -> str:
    """The model card, which the hub must be able to read, and which must be about the model of the verdict.

    Raises CacheError: missing, broken, or of another model.
    """
    file, md5, again = paths.page(task, "card"), gate["evidence"]["model_md5"], f"Run: dvc repro report@{task}"
    if not file.exists():
        raise CacheError(f"{file}: missing. {again}")
    text = file.read_text(encoding="utf-8")
    card.read(text, str(file))
    if f"`{md5}`" not in text:
        raise CacheError(f"{file}: not about the model with md5 {md5}, which was judged. {again}")
    return text


def released(text: str, commit: str, day: date, reason: str | None = None, still_open: list[str] | None = None) -> str:
    """The card with what only a release has: its day, the commit, and the gates that are open. commit: of
    `decant.verdict.provenance`."""
    origin = {"none": "outside git"}.get(commit, f"at commit `{commit.removesuffix('+changes')}`")
    changed = ", with changes to the code that no commit has" if commit.endswith("+changes") else ""
    words = f"{text.rstrip()}\n\n## Release\n\nReleased on {day.isoformat()} {origin}{changed}.\n"
    if still_open:
        lines = "".join(f"- {line}\n" for line in still_open)
        words += f"\nReleased although these gates are open: {reason}\n\n{lines}"
    return words
