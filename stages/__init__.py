"""One file per DVC stage; dvc.yaml says in which order they run."""
