"""The columns of predictions: who answered, apart from what they said in numbers."""

import pandas as pd

from decant.review import answers


def test_head_outputs_are_no_contestants():
    frame = pd.DataFrame(
        {"id": ["a"], "text": ["b"], "answer": ["c"], "linear": ["c"], "score_c": [0.5], "chances_linear": [[0.5, 0.5]]}
    )
    assert answers.contestants(frame) == ["linear"]
    assert answers.labels(frame, ["c"]) == ["c"]
