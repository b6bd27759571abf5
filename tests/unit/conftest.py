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
def complex_slopes():
    """Slopes of a loss in every entry of one complex array by a step of 1e-30 i, exact to rounding."""

    def imaginary_parts(loss, array, eps=1e-30):
        found = np.empty(array.shape)
        for i in np.ndindex(array.shape):
            array[i] += 1j * eps
            found[i] = loss().imag / eps
            array[i] -= 1j * eps
        return found

    return imaginary_parts


@pytest.fixture(scope="session")
def refuses():
    """Hold a call to its error and to what the message says: refuses(call, error, fragments)."""

    def to_words(call, error, fragments):
        with pytest.raises(error) as caught:
            call()
        assert caught.type is error
        message = str(caught.value)
        assert [fragment for fragment in [*fragments, "expected"] if fragment not in message] == [], message

    return to_words


@pytest.fixture(scope="session")
def hold(slopes):
    """Hold gradients to central differences: hold(loss, {name: (gradient, array it belongs to)})."""

    def to_slopes(loss, pairs):
        for name, (gradient, array) in pairs.items():
            assert gradient.shape == array.shape, name
            np.testing.assert_allclose(gradient, slopes(loss, array), atol=2e-7, rtol=1e-6, err_msg=name)

    return to_slopes
