"""The section card: licences that the hub knows and that do not contradict each other, languages as codes."""

import pytest
from pydantic import ValidationError

from decant.settings.card import Card

NC = {"name": "EmpatheticDialogues", "hub": "bdotloh/empathetic-dialogues-contexts", "license": "cc-by-nc-4.0"}
OPEN = {"name": "Lemotif", "url": "https://github.com/xaliceli/lemotif", "license": "mit"}


def card(**given) -> Card:
    return Card.model_validate(given)


def test_nobody_has_given_a_licence_until_somebody_does():
    assert (card().license, card().language, card().datasets, card().intended_use) == ("unknown", [], [], None)


@pytest.mark.parametrize(
    "given",
    [
        {"license": "cc-by-nc-4.0", "datasets": [NC, OPEN]},
        {"license": "mit", "datasets": [OPEN]},
        {"license": "unknown", "datasets": [NC]},
        {
            "license": "other",
            "license_name": "by-agreement",
            "license_link": "https://example.test/l",
            "datasets": [NC],
        },
        {"language": ["en", "deu", "multilingual"]},
    ],
)
def test_what_agrees_is_taken(given):
    assert card(**given).model_dump(exclude_unset=True).keys() == given.keys()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"license": "MIT"}, "license"),
        ({"license": "proprietary"}, "license"),
        ({"license": "other"}, "license_name and license_link"),
        ({"license": "other", "license_name": "mine"}, "license_name and license_link"),
        ({"license": "mit", "license_name": "mine", "license_link": "https://example.test"}, "license_name"),
        ({"license": "mit", "license_link": "https://example.test"}, "license_name"),
        ({"license": "other", "license_name": "My Own", "license_link": "https://example.test"}, "license_name"),
        ({"license": "mit", "datasets": [NC]}, "EmpatheticDialogues does not"),
        ({"language": ["english"]}, "language"),
        ({"language": ["en", "en"]}, "repeat"),
        ({"datasets": [{"name": "x", "hub": "no-owner"}]}, "hub"),
        ({"datasets": [{"name": "x", "url": "http://example.test"}]}, "url"),
        ({"datasets": [{"name": "x", "license": "free"}]}, "license"),
        ({"datasets": [{"hub": "a/b"}]}, "name"),
        ({"intended_use": ""}, "intended_use"),
        ({"intended_use": "two\nlines"}, "intended_use"),
        ({"licence": "mit"}, "licence"),
    ],
)
def test_what_the_hub_would_not_take_or_contradicts_is_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        card(**given)
