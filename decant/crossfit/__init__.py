"""The whole road once per fold, so that every row is test once: cross-fitted figures, and settings compared by them."""
