"""Raw rows to a clean table and its splits."""
