"""Numba kernels for the processor. Each is held to its readable form in `firth.objectives`."""
