"""Labels that may be wrong, and what train rows teach in spite of them: the section noise."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Section

Part = Annotated[float, Field(gt=0, le=1)]


class Noise(Section):
    """Doubtful labels are those that the linear members contradict out of fold, by confident learning."""

    action: Literal["none", "drop", "reweight", "soften"]
    """What becomes of doubtful train rows for whoever learns by gradient steps: nothing, left out, a smaller weight in the
    loss, or a label that is given in part to what the linear members say."""
    most: Part
    """Largest share of train that is treated so, the most doubtful rows first."""
    share: Part
    """reweight: the share of its weight that a doubtful row loses; soften: the share of its label that goes to what the
    linear members say."""
