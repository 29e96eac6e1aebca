"""How speed is measured: the section benchmark."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Distinct, Positive, Section

# numbers of benchmark.json, beside the names of the machine
TIMED = ("texts", "tokens_median", "threads", "wall_ratio", "int8_ms_p50", "int8_ms_p95", "fp32_ms_p50", "fp32_ms_p95",
         "int8_to_fp32", "texts_per_second", "cold_start_s", "bundle_bytes", "peak_memory_mb")  # fmt: skip
# below `contestants` and a name, and below `lengths` and a number of tokens
OF_CONTESTANT = ("texts", "ms_p50", "ms_p95", "to_int8", "rows_per_second", "cold_start_s", "peak_memory_mb", "bytes")
OF_LENGTH = ("int8_ms_p50", "int8_ms_p95", "fp32_ms_p50", "fp32_ms_p95", "int8_to_fp32", "int8_floor_ms", "fp32_floor_ms",
             "int8_to_floor", "multiply_adds")  # fmt: skip
OF_STUDENT = ("ms_p50", "ms_p95")  # below `students` and a name of the capacity sweep, or shipped
OF_FLOOR = ("int8_gmacs", "fp32_gmacs")  # below `floor`


class Benchmark(Section):
    texts: Positive
    """Valid texts to time, at their own lengths."""
    slow_texts: Positive
    """Of these, for what runs in torch."""
    repeats: Positive
    """Passes over them; the fastest time of each text counts."""
    lengths: Annotated[list[Annotated[int, Field(ge=4)]], Field(min_length=1), Distinct]
    """Tokens, specials included, of texts of one length; those over tokens.max_length are left out."""
    batch: Positive
    """Texts of a batch."""
