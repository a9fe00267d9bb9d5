"""Hostile inputs: every reader of firth against files that lie; see `fuzz.long_run` for a million of them."""
