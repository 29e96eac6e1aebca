"""What only its owner knows of a classifier, for its model card: the section card."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.settings.base import Distinct, Section

# As the Hugging Face hub spells them, of its list of licences those that text data and small classifiers come under.
# unknown: nobody has said; other: one that the hub has no name for.
License = Literal[
    "unknown", "other", "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "mpl-2.0", "unlicense",
    "gpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl-2.1", "lgpl-3.0", "openrail", "openmdw-1.0",
    "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0",
    "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "odc-by", "odbl", "pddl", "cdla-permissive-1.0", "cdla-permissive-2.0",
    "cdla-sharing-1.0",
]  # fmt: skip
Url = Annotated[str, Field(pattern=r"^https://[^\s()|]+$")]
Sentence = Annotated[str, Field(min_length=1, pattern=r"^[^\n]*$")]


class DataSet(Section):
    name: Sentence
    """As people call it."""
    hub: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """owner/name, where it is a data set of the hub."""
    url: Url | None = None
    """Where it is published, where it is not on the hub."""
    license: License = "unknown"
    """Of the data."""


class Card(Section):
    license: License = "unknown"
    """Of the weights. unknown until somebody says: a licence that nobody gave would be a promise."""
    license_name: Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")] | None = None
    """Of a licence that the hub has no name for (license: other)."""
    license_link: Url | None = None
    """Where that one can be read."""
    language: Annotated[list[Annotated[str, Field(pattern="^([a-z]{2,3}|multilingual)$")]], Distinct] = []
    """Of the texts: codes of ISO 639 (en, de), or multilingual."""
    datasets: list[DataSet] = []
    """What it was trained on, first stages too."""
    intended_use: Sentence | None = None
    """What it is for."""
    out_of_scope: Sentence | None = None
    """What it must not be used for."""
    limits: list[Sentence] = []
    """What is known about the data and no figure shows."""
    contact: Sentence | None = None
    """Whom to tell what it gets wrong."""

    @model_validator(mode="after")
    def _licences_agree(self):
        named = self.license_name is not None and self.license_link is not None
        if (self.license == "other") != named or (self.license_name is None) != (self.license_link is None):
            raise ValueError("license_name and license_link go with license: other, both of them, and with no other")
        bound = [data.name for data in self.datasets if "-nc" in data.license]
        if bound and "-nc" not in self.license and self.license not in ("unknown", "other"):
            raise ValueError(
                f"license: {self.license} allows commercial use, the licence of {', '.join(bound)} does not. Weights trained on "
                "it go under a licence that does not either, or under other, if its owners have agreed to more"
            )
        return self
