"""ONNX: the section export."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Positive, Section


class Export(Section):
    opset: Annotated[int, Field(ge=17)]
    """ONNX operator set."""
    rows: Positive
    """Rows to compare with torch (all, if the table has fewer)."""
    tolerance: Annotated[float, Field(gt=0)]
    """Largest difference of a logit between torch and ONNX."""
