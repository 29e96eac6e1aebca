"""What annotation tools export: an object of Label Studio, doccano or Prodigy -> a row with text, label and other fields.

Each raises ValueError with what is wrong: the export of another tool, or labels of parts of a text instead of a text.
"""

SPANS = "labels parts of texts; Decant classifies whole texts"


def label_studio(task: dict) -> dict:
    """task (its number), the fields of data, and for each control of choices (from_name) what was chosen.

    One annotation gives its list of choices, several give a list of {user, label}; skipped ones do not count.
    """
    data, annotations = task.get("data"), task.get("annotations")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise ValueError(
            "no data and annotations, which Label Studio's JSON export has; export as JSON (the short JSON-MIN is "
            "source.format: json)"
        )
    votes: dict[str, list[dict]] = {}
    others = set()
    for annotation in annotations:
        if annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result", []):
            chosen = result.get("value", {}).get("choices")
            if result.get("type") != "choices" or not isinstance(chosen, list) or "start" in result["value"]:
                others.add(str(result.get("type")))
                continue
            by = annotation.get("completed_by")
            by = by.get("email", by.get("id")) if isinstance(by, dict) else by
            votes.setdefault(str(result.get("from_name")), []).append({"user": by, "label": chosen})
    if others and not votes:
        raise ValueError(f"no choices, but {', '.join(sorted(others))}: this project {SPANS}")
    # a field of the data may be called as the control that annotates it
    fields = {f"data.{name}" if name in votes or name == "task" else name: cell for name, cell in data.items()}
    given = {name: cast[0]["label"] if len(cast) == 1 else cast for name, cast in votes.items()}
    return {"task": task.get("id"), **fields, **given}


def doccano(row: dict) -> dict:
    """Its fields; text and label are called so in every version. Labels of several annotators are a list of {user, label}."""
    text = next((row[name] for name in ("text", "data") if name in row), None)
    label = next((row[name] for name in ("label", "labels", "annotations") if name in row), None)
    if text is None or label is None:
        raise ValueError(
            f"no text and label, which doccano's JSONL has; fields are {', '.join(row)}. Plain JSON Lines are source.format: jsonl"
        )
    cells = label if isinstance(label, list) else [label]
    if any(isinstance(cell, list) for cell in cells) or row.get("entities"):
        raise ValueError(f"label holds places in the text: this project {SPANS}")
    rest = {name: cell for name, cell in row.items() if name not in ("text", "data", "label", "labels", "annotations")}
    return {**rest, "text": text, "label": label}


def prodigy(row: dict) -> dict:
    """Its fields; label is what the answer says: accepted, "not x" where x was rejected, empty where it was ignored."""
    answer, text = row.get("answer"), row.get("text")
    if answer not in ("accept", "reject", "ignore") or not isinstance(text, str):
        raise ValueError(
            f"no text and answer (accept, reject, ignore), which Prodigy's JSONL has; answer is {answer!r}. Plain JSON Lines "
            "are source.format: jsonl"
        )
    if answer == "ignore":
        label = []
    elif isinstance(row.get("accept"), list):  # chosen among options: a rejected question has no answer
        label = row["accept"] if answer == "accept" else []
    elif isinstance(row.get("label"), str):
        label = row["label"] if answer == "accept" else f"not {row['label']}"
    else:
        raise ValueError(f"neither label nor accept: this project {SPANS}, or asks for something else than a class")
    return {**row, "label": label}
