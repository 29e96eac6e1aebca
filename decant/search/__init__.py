"""Settings of the teacher, tried out and kept."""
