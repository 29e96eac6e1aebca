"""Figures and gates of one small task, as stages write them today (NEW) and as they once did (OLD)."""

RATES = {"precision": 0.9, "recall": 0.8, "f1": 0.85, "fpr": 0.01, "fnr": 0.2, "support": 50}
NEW = {
    "judged": {"n": 214, "rows_sha256": "ab", "bundle_md5": "cd"},
    "linear": {"n": 214, "accuracy": 0.8, "macro_f1": 0.79, "head_scam": {"nll": 0.2}, "classes": {"scam": RATES}},
    "student_int8": {"n": 214, "accuracy": 0.9, "coarse": {"accuracy": 0.95}, "classes": {"scam": RATES, "n": RATES}},
    "student_int8_vs_student": {"agreement": 0.99},
}
OLD = {
    "linear": {"n": 214, "accuracy": 0.8, "macro_f1": 0.79, "head_scam": {"nll": 0.2}, "scam": RATES},
    "student_int8": {"n": 214, "accuracy": 0.9, "coarse": {"accuracy": 0.95}, "scam": RATES},
    "student_int8_vs_student": {"agreement": 0.99},
}
NEW_GATE = {
    "verdict": "amber",
    "evidence": {"model_md5": "12"},
    "gates": {"f1": {"value": 0.9, "bound": 0.8, "side": "min", "result": "open", "more_rows": 40}},
}
OLD_GATE = {
    "verdict": "red",
    "model_md5": "34",
    "f1": {"value": 0.9, "bound": 0.8, "pass": True},
    "fpr": {"value": 0.1, "bound": 0.02, "pass": False},
}
