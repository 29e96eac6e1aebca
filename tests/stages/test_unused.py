"""An encoder that is not among a task's teachers passes every stage as a mark, whatever the stage would do with it."""

import adapting
import pytest
from encoders import arrange, described

from decant import paths
from decant.errors import ParamsError
from decant.files import read_json
from decant.models import unused
from stages import adapt, encoder, gain, search, teacher


@pytest.fixture
def other(workspace, tiny_encoder):
    """Two encoders, of which demo has one; adapt, gain and search are on."""
    arrange(workspace, described(tiny_encoder))

    def edit(tree):
        tree["catalogue"]["other"] = tree["catalogue"]["tiny"] | {"sources": ["folder:nowhere"]}
        tree["demo"]["teachers"] = ["tiny"]
        tree["demo"]["adapt"] = {"contrastive": {"on": True}}
        tree["demo"]["gain"] = {"seeds": [1]}
        tree["demo"]["search"] = {"on": True}

        tree["encoders"].append("other")
        tree["tasks"].append("scam")

    adapting.change(workspace, edit)
    return "other"


def test_nothing_is_fetched_adapted_tried_out_or_trained(other):
    encoder.main("demo", other)
    adapt.main("demo", other)
    gain.main("demo", other)
    search.main("demo", other)
    teacher.main("demo", other, "13")
    for folder in (paths.encoder("demo", other), paths.adapted("demo", other), paths.teacher("demo", other, "13")):
        assert unused.marked(folder)
        assert {file.name for file in folder.iterdir()} <= {unused.MARK, "adapt.json"}
    assert read_json(paths.encoder("demo", other) / unused.MARK) == {
        "unused": "other is not among the teachers of demo"
    }
    assert read_json(paths.gain("demo", other)) == {"seeds": 0}
    assert read_json(paths.search("demo", other) / "settings.json") == {}


def test_nobody_can_help_a_search_that_there_is_not(other):
    encoder.main("demo", other)
    adapt.main("demo", other)
    with pytest.raises(ParamsError, match="demo: other is not among its teachers; there is no search to help"):
        search.main("demo", other, "worker")
    assert not paths.search("demo", other).exists()


def test_the_teacher_of_a_task_is_not_passed_by(other):
    encoder.main("demo", "tiny")
    assert not unused.marked(paths.encoder("demo", "tiny"))
