"""What two or more stages, or the shipped classifier, share: one concept per module."""
