"""Which contestant the bundle holds: the student in int8, or the linear model where params say `ship: linear`."""

from decant.keys import STUDENT_INT8

CONTESTANT = {"student": STUDENT_INT8, "linear": "linear"}  # value of ship -> its name in test.json
RIVAL = {STUDENT_INT8: "linear", "linear": STUDENT_INT8}  # contestant that ships -> the one that would ship otherwise


def shipped(test: dict) -> str:
    """The contestant that the bundle holds. test: of test.json; one from before `ship` says nothing, and means the student."""
    return test.get("judged", {}).get("contestant", STUDENT_INT8)
