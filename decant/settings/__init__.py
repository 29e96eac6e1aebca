"""The typed model of params.yaml, part one: how each stage works. Part two, a task and the whole file: decant/settings/schema.py."""
