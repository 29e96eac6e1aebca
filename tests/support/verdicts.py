"""A bundle with its evidence, as evaluate, gate and report leave it and dvc records it: all that a verdict rests on."""

from pathlib import Path

import pandas as pd
from bundles import write_bundle
from ruamel.yaml import YAML

from decant import paths, tables
from decant.files import digest, write_json
from decant.keys import STUDENT_INT8
from decant.verdict import binding, lock
from stages import gate

TASK = "demo"
GATES = {
    "not_below_linear": {"metric": "paired", "key": "minus_linear.macro_f1", "min": -0.02},
    "scam_fpr": {"metric": "test", "key": f"{STUDENT_INT8}.classes.scam.fpr", "max": 0.08},
    "int8_size": {"metric": "quantize", "key": "bytes", "max": 9_000_000},
    "leakage": {"metric": "split", "key": "leakage_any", "max": 0},
}
ROWS = pd.DataFrame({"id": ["a", "b", "c"], "text": ["airdrop now", "rent is due on friday", "btc"]})
ROWS = ROWS.assign(answer=["scam", "clean", "crypto"], **{STUDENT_INT8: ["scam", "clean", "crypto"]})
GREEN = {
    "test": {STUDENT_INT8: {"n": 450, "classes": {"scam": {"fpr": 0.0387, "fpr_low": 0.0208, "fpr_high": 0.0652}}}},
    "paired": {"minus_linear": {"n": 450, "macro_f1": 0.01, "macro_f1_low": -0.01, "macro_f1_high": 0.03}},
    "quantize": {"bytes": 6_807_608},
    "split": {"leakage_any": 0},
    "thresholds": {STUDENT_INT8: {"classes": {"scam": {"feasible": 1}}}},
}
OPEN = {"test": {STUDENT_INT8: {"n": 450, "classes": {"scam": {"fpr": 0.07, "fpr_low": 0.045, "fpr_high": 0.1}}}}}
RED = {"test": {STUDENT_INT8: {"n": 450, "classes": {"scam": {"fpr": 0.09, "fpr_low": 0.06, "fpr_high": 0.12}}}}}


def set_gates(workspace: Path, gates: dict = GATES) -> None:
    """params.yaml asks these gates of demo, and nobody else for anything."""
    yaml, file = YAML(), workspace / "params.yaml"
    tree = yaml.load(file.read_text(encoding="utf-8"))
    for block in tree.values():
        if isinstance(block, dict) and "gates" in block:
            block["gates"] = {}
    tree[TASK]["gates"] = gates
    with file.open("w", encoding="utf-8") as target:
        yaml.dump(tree, target)


def write_evidence(workspace: Path, **metrics: dict) -> Path:
    """models/demo/bundle, the metrics of GREEN with those given over them, gate.json, the card, and dvc.lock. The bundle."""
    bundle = write_bundle(workspace)
    set_gates(workspace)
    file = paths.split_file(TASK, "test")
    ROWS.drop(columns=STUDENT_INT8).to_parquet(file)
    write_json(paths.metrics(TASK, "manifest"), {"task": TASK, "rows": {"test": tables.rows_sha256(file)}})
    for name, content in (GREEN | metrics).items():
        about = {"judged": binding.judged(TASK, bundle, len(ROWS))} if name == "test" else {}
        write_json(paths.metrics(TASK, name), content | about)
    gate.main(TASK)
    md5 = digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    card = f"---\nlicense: mit\n---\n\n# demo\n\nAbout `{md5}`.\n"
    paths.page(TASK, "card").write_text(card, encoding="utf-8")
    ROWS.to_parquet(paths.predictions(TASK))
    record(workspace)
    return bundle


def record(workspace: Path) -> None:
    """dvc.lock of all that lies here, as `dvc commit` would write it."""
    written = [*sorted(Path("metrics", TASK).iterdir()), paths.predictions(TASK), paths.bundle(TASK)]
    outs = [{"path": path.as_posix(), "md5": lock.md5(path)} for path in written]
    with (workspace / "dvc.lock").open("w", encoding="utf-8") as file:
        YAML().dump({"schema": "2.0", "stages": {"all@demo": {"cmd": "all", "outs": outs}}}, file)
