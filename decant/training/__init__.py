"""Everything that learns by gradient steps, and its losses."""
