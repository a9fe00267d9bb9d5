"""One module for each contestant, all with the interface of `common`; run as ``python -m``."""
