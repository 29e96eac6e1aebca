"""`python -m decant try`: a first answer about a labelled table, in minutes. It writes nothing into the project."""
