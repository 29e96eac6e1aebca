"""The prepared table as a whole: read, taken from and written, also where its texts are larger than 2 GB.

Arrow's `string` counts bytes in 32 bits, so that no array of it can hold 2 GB, and taking rows puts a whole column into
one array. In memory texts are `large_string`; in the files they are `string`, as ever, in arrays of few rows.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PIECE = 16_384  # rows of an array on their way to a file: 2 GB only from 131 kB a text


def read(file: Path) -> pa.Table:
    """The table of a Parquet file, its texts as large_string."""
    table = pq.read_table(file)
    return table.cast(retyped(table.schema, pa.string(), pa.large_string()))


def write(file: Path, table: pa.Table, rows: np.ndarray) -> None:
    """Write some rows of a table, its texts as string. rows: (n,) their numbers, in the order wanted."""
    schema = retyped(table.schema, pa.large_string(), pa.string())
    pieces = [rows[start : start + PIECE] for start in range(0, len(rows), PIECE)]
    parts = [table.take(pa.array(piece)).cast(schema) for piece in pieces]
    pq.write_table(pa.concat_tables(parts) if parts else schema.empty_table(), file)


def retyped(schema: pa.Schema, old: pa.DataType, new: pa.DataType) -> pa.Schema:
    return pa.schema([field.with_type(new) if field.type == old else field for field in schema], schema.metadata)
