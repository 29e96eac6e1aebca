"""What the bundle holds: the key ship."""

from typing import Literal

Ship = Literal["student", "linear"]
