"""Lets ``python -m firth`` do what ``firth`` does."""

from firth.cli import main

main()
