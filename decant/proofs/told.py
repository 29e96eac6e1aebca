"""What `reproduce` found, in words."""

from decant.proofs import alike, surroundings
from decant.proofs.reproduce import BYTES, Compared, shown


def told(result: Compared) -> str:
    """A few lines, and a table where rows were compared."""
    lines = [f"ran in {result.minutes} minutes, with {surroundings.ALL[result.environment].words} changed"]
    lines += result.doubts
    if result.how == BYTES:
        lines.append(
            "compared byte by byte: this is the processor, and these are the libraries, that the figures were made with"
        )
    else:
        lines.append("compared row by row, for floating point differs here; other than recorded are:")
        lines += [f"  {name}: {what}" for name, what in result.others.items()]
    same = result.outs - len(result.differing)
    lines.append(
        f"{same} of {result.outs} outs have the md5 that dvc.lock has; {result.timings} of timings never repeat"
    )
    for task, contestants in result.answers.items():
        lines += ["", f"{task}: same answer on test (at least {alike.ANSWERS:.0%} are asked for)"]
        lines += [f"  {name:24} {entry['same']:>7,} of {entry['n']:,}" for name, entry in contestants.items()]
        lines += [f"{task}: figures now, as recorded, and the interval that they have to stay in"]
        lines += [f"  {name:36} {shown(entry)}" for name, entry in result.figures[task].items()]
    refused = result.refused
    lines += ["", *(f"not the same: {line}" for line in refused)] if refused else ["the same"]
    return "\n".join(lines)
