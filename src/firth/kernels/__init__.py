"""The compiled twins of the objectives: `cpu` for Numba."""
