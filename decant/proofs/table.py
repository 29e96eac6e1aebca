"""The page of what `prove` found: metrics/proofs/<task>.md, from the table beside it."""

from decant.proofs.kills import KINDS


def page(table: dict) -> str:
    """Markdown."""
    kills, machine = table["kills"], table["machine"]
    lines = [
        f"# Faults of {table['task']}, and what was left of them",
        "",
        f"Written by `python -m decant prove --task {table['task']}` with seed {table['seed']}, at commit "
        f"`{machine['commit'][:9]}`, on {machine['processor']} ({machine['instructions']}). What each line means: "
        "[docs/proofs.md](../../docs/proofs.md).",
        "",
        f"**{kills['n']} kills and {table['n']} faults: {table['lost']} files lost, {table['differing']} outs with other "
        f"bytes, {table['wrong']} other things wrong.**",
        "",
        "## Kills",
        "",
        f"{kills['stages_hit']} of {kills['stages']} stages were hit. At those moments {kills['half_written_at_that_moment']} "
        f"half-written outs lay here and {kills['damaged_objects_at_that_moment']} damaged objects in the cache; "
        f"{kills['deaf']} runs did not listen to the signal.",
        "",
        f"| stage | {' | '.join(KINDS)} |",
        f"|---|{'---:|' * len(KINDS)}",
        *(
            f"| {stage} | {' | '.join(str(counts[kind]) for kind in KINDS)} |"
            for stage, counts in kills["by_stage"].items()
        ),
        "",
        "## Faults",
        "",
        "| fault | where | how it ended | lost | differing | wrong |",
        "|---|---|---|---:|---:|---|",
        *(
            f"| {one['fault']} | {cell(one['where'])} | {cell(one['ended'])} | {len(one['lost'])} | {len(one['differing'])} "
            f"| {cell('; '.join(one['wrong'])) or 'nothing'} |"
            for one in table["faults"]
        ),
    ]
    if table["not_run"]:
        lines += ["", f"Not run, for time was up: {', '.join(table['not_run'])}."]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """As a table of Markdown can hold it."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").replace("`", "'").split())
