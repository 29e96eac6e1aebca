"""Unfinished work that survives a kill, and work shared between processes."""
