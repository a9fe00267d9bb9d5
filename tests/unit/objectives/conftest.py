import numpy as np
import pytest


@pytest.fixture(scope="session")
def central_differences():
    """The derivative of a function of one array, entry by entry."""

    def derivative_of(function, at, step=1e-6):
        derivative = np.empty(np.shape(at))
        for index in np.ndindex(derivative.shape):
            above, below = np.array(at, float), np.array(at, float)
            above[index] += step
            below[index] -= step
            derivative[index] = (function(above) - function(below)) / (2 * step)
        return derivative

    return derivative_of
