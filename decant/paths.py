"""Where everything lies: one function per file or folder that stages hand to one another."""

SPLITS = ("train", "valid", "calib", "test")
