"""What several unit tests use."""

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def slopes():
    """Central differences of a loss in every entry of one array, which is changed and restored."""

    def differences(loss, array, eps=1e-6):
        found = np.empty_like(array)
        for i in np.ndindex(array.shape):
            kept = array[i]
            array[i] = kept + eps
            up = loss()
            array[i] = kept - eps
            found[i] = (up - loss()) / (2 * eps)
            array[i] = kept
        return found

    return differences


@pytest.fixture(scope="session")
def hold(slopes):
    """Hold gradients to central differences: hold(loss, {name: (gradient, array it belongs to)})."""

    def to_slopes(loss, pairs):
        for name, (gradient, array) in pairs.items():
            assert gradient.shape == array.shape, name
            np.testing.assert_allclose(gradient, slopes(loss, array), atol=2e-7, rtol=1e-6, err_msg=name)

    return to_slopes
