"""`python -m decant new`: from a raw table to a task's block in params.yaml. No stage depends on it."""
