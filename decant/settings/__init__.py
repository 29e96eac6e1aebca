"""The typed model of params.yaml: one module per section, and schema.py, which puts them together."""
