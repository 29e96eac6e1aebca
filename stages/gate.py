"""gate: has the classifier earned its release? Each gate's figure, interval, bound and result (metrics/<task>/gate.json).

A gate holds if its whole interval is on the right side of the bound, is open if only the figure is, and fails if not even
that (`decant.verdict.gates`). Exits 0 on a red verdict too: dvc records nothing of a stage that fails, and the verdict
would be lost. Who must not go on is `python -m decant promote`, which judges again from the files that lie there.
"""

from decant import checked, paths, stage
from decant.files import read_json, write_metrics
from decant.settings.base import Section
from decant.settings.gates import Gates
from decant.settings.thresholds import Thresholds
from decant.shipped.record import read_record
from decant.verdict import binding, evidence, gates


class Sections(Section):
    gates: Gates
    thresholds: Thresholds


def main(task: str) -> None:
    p = checked.read(Sections, task)
    caps, bundle = p.thresholds.caps, paths.bundle(task)
    read_record(bundle)  # every file of it is the one it lists
    metrics = {name: read_json(paths.metrics(task, name)) for name in evidence.read_files(p.gates, caps)}
    binding.refuse_others(task, metrics["test"], bundle)

    results = gates.judge(task, p.gates, caps, metrics)
    found = evidence.collect(task, p.gates, caps, bundle)
    verdict = gates.verdict(results)
    write_metrics(paths.metrics(task, "gate"), {"verdict": verdict, "evidence": found, "gates": results})
    print(f"{task}: {verdict}")


if __name__ == "__main__":
    stage.run(main)
