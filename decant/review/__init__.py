"""What a change means: two revisions compared, row by row where that can be done, and whether dvc.lock fits the rest."""
