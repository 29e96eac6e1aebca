"""gate: has the classifier earned its release? Each gate's value, bound and verdict (metrics/<task>/gate.json).

Exits 0 on a red verdict too: dvc records nothing of a stage that fails, and the verdict would be lost. Who must not
go on is `python -m decant promote`, which refuses a red verdict and any bytes but those that were judged.
"""

from decant import checked, paths, stage
from decant.errors import ParamsError
from decant.files import digest, read_json, slug, write_metrics
from decant.keys import SHIPPED
from decant.runtime import RECORD
from decant.settings.base import Section
from decant.settings.gates import Gate, Gates
from decant.settings.thresholds import Thresholds


class Sections(Section):
    gates: Gates
    thresholds: Thresholds


def main(task: str) -> None:
    p = checked.read(Sections, task)
    if not p.gates:
        raise ParamsError(f"params.yaml: {task}.gates: none; a release that nothing is asked of would always be green")
    names = {gate.metric for gate in p.gates.values()} | ({"thresholds"} if p.thresholds.caps else set())
    metrics = {name: read_json(paths.metrics(task, name)) for name in names}
    verdicts = {}
    for name, gate in p.gates.items():
        value = lookup(metrics[gate.metric], gate, gate.key, f"{task}.gates.{name}")
        if gate.minus:
            value = round(value - lookup(metrics[gate.metric], gate, gate.minus, f"{task}.gates.{name}"), 4)
        bound = gate.max if gate.max is not None else gate.min
        passed = value <= bound if gate.max is not None else value >= bound
        verdicts[name] = {"value": value, "bound": bound, "pass": passed}
    for label in p.thresholds.caps:
        # no gate of params has to ask for this: a cap that no threshold could hold is never green
        gate = Gate(metric="thresholds", key=f"{SHIPPED}.{slug(label)}.feasible", min=1)
        held = lookup(metrics["thresholds"], gate, gate.key, f"{task}.thresholds.caps.{label}")
        verdicts[f"cap_of_{slug(label)}"] = {"value": held, "bound": 1, "pass": held == 1}
    green = all(entry["pass"] for entry in verdicts.values())
    bundle = paths.bundle(task)
    write_metrics(
        paths.metrics(task, "gate"),
        {
            "verdict": "green" if green else "red",
            "model_md5": digest(bundle / "onnx" / "model_quantized.onnx", "md5"),
            # decant.json lists the digest of every file, the thresholds and the cleaning: one md5 for all of them
            "bundle_md5": digest(bundle / RECORD, "md5"),
        }
        | verdicts,
    )


def lookup(metrics: dict, gate: Gate, key: str, name: str) -> float:
    """A nested value by its dotted key. A gate about a figure that does not exist must not pass, nor fail, by chance."""
    node = metrics
    for step in key.split("."):
        if not isinstance(node, dict) or step not in node:
            known = ", ".join(node) if isinstance(node, dict) else repr(node)
            raise ParamsError(f"params.yaml: {name}: {gate.metric}.json has no {key!r}; at {step!r} it has: {known}")
        node = node[step]
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise ParamsError(f"params.yaml: {name}: {key!r} in {gate.metric}.json is {node!r}, not a number")
    return node


if __name__ == "__main__":
    stage.run(main)
