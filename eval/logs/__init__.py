"""Logged outputs of any system: formats, validation, grading, scoring."""
