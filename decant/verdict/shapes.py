"""Metrics files of any age in today's shape: what git and tasks that nobody has run again hold may be older.

Until classes had a level of their own they stood beside a contestant's figures, and a gate had passed or not. A file that
has today's shape comes back as it is.
"""

from decant.shipping import shipped


def old(test: dict | None, gate: dict | None) -> bool:
    """Whether one of the two has a shape that no stage writes any more; None: there is no such file."""
    flat = test is not None and any(_flat(entry) for entry in test.values())
    return flat or (gate is not None and "gates" not in gate)


def contestants(test: dict) -> dict[str, dict]:
    """Contestant -> figures, its classes one level down. test: of test.json."""
    return {name: _nested(entry) for name, entry in test.items() if isinstance(entry, dict) and "accuracy" in entry}


def gates(gate: dict) -> dict[str, dict]:
    """Gate -> value, bound and result (holds, fails or open). gate: of gate.json."""
    if "gates" in gate:
        return gate["gates"]
    return {
        name: {key: value for key, value in entry.items() if key != "pass"}
        | {"result": "holds" if entry["pass"] else "fails"}
        for name, entry in gate.items()
        if isinstance(entry, dict) and "pass" in entry
    }


def model_md5(gate: dict) -> str | None:
    """Of the int8 file that was judged."""
    return gate.get("evidence", gate).get("model_md5")


def rows(test: dict) -> int | None:
    """Test rows."""
    return test.get("judged", test.get(shipped(test), {})).get("n")


def _is_class(value: object) -> bool:
    return isinstance(value, dict) and "fnr" in value


def _flat(entry: object) -> bool:
    return isinstance(entry, dict) and any(_is_class(value) for value in entry.values())


def _nested(entry: dict) -> dict:
    if not _flat(entry):
        return entry
    classes = {key: value for key, value in entry.items() if _is_class(value)}
    return {key: value for key, value in entry.items() if key not in classes} | {"classes": classes}
