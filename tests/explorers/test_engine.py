"""The page's engine against rnnlib: to 1e-10 relative where the run is not chaotic, and step by step where it is."""

import numpy as np
import pytest

import rnnlib
from rnnlib.explorers import seeded

ACTIVATIONS = ["tanh", "relu", "sigmoid", "identity"]
INITS = ["uniform", "normal", "orthogonal", "identity"]
T = 12


def case(activation, init, D=3, H=5, gain=0.6, seed=0):
    """Return (rnnlib's cell, the engine's net, x (T, 1, D), h0 (1, H)) with the same weights."""
    cell = rnnlib.RNN(D, H, activation=activation, rng=0)
    params = seeded.rnn_params(seed, D, H, init, gain)
    generator = seeded.Generator(seed + 100)
    params["b_h"] = 0.1 * generator.normals(H)
    for name, values in params.items():
        cell.params[name][...] = values
    flat = {name: values.ravel().tolist() for name, values in params.items()}
    x, h0 = generator.normals(T * D).reshape(T, 1, D), 0.5 * generator.normals(H).reshape(1, H)
    return cell, {"D": D, "H": H, "activation": activation, "params": flat}, x, h0


def flat(array):
    return np.asarray(array).ravel().tolist()


def assert_close(theirs, ours):
    ours = np.asarray(ours).ravel()
    error = np.abs(np.asarray(theirs, float) - ours).max()
    assert error <= 1e-10 * max(np.abs(ours).max(), 1e-300), error


def reach(cell, trace):
    """‖∂h_T/∂h_0‖, the spectral norm, from one backward pass a unit."""
    rows = [cell.backward(trace, dh_last=row[None]).h0[0] for row in np.eye(cell.hidden_size)]
    return np.linalg.norm(rows, 2)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize(("D", "H"), [(1, 1), (3, 5), (8, 32)])
def test_forward_and_backward_equal_rnnlib(script, activation, init, D, H):
    cell, net, x, h0 = case(activation, init, D, H)
    trace = cell.forward(x, h0)
    assert reach(cell, trace) < 100  # not chaotic
    theirs = script.call("engine", "rnnForward", args=[net, flat(x), flat(h0)])
    assert_close(theirs["h"], trace.h)
    assert_close(theirs["a"], trace.a)
    assert theirs["overflow"] is None

    generator = seeded.Generator(9)
    dh, dh_last = generator.normals(T * H).reshape(T, 1, H), generator.normals(H).reshape(1, H)
    grads = cell.backward(trace, dh, dh_last=dh_last)
    back = script.call("engine", "rnnBackward", args=[net, theirs, flat(dh), flat(dh_last)])
    for name, values in grads.params.items():
        assert_close(back["params"][name], values)
    assert_close(back["x"], grads.x)
    assert_close(back["h"], grads.h)


def test_without_a_start_the_state_is_zero_and_without_dh_only_the_last_counts(script):
    cell, net, x, _ = case("tanh", "orthogonal")
    trace = cell.forward(x)
    theirs = script.call("engine", "rnnForward", args=[net, flat(x), None])
    assert_close(theirs["h"], trace.h)
    back = script.call("engine", "rnnBackward", args=[net, theirs, None, [1.0] * 5])
    assert_close(back["h"], cell.backward(trace, dh_last=np.ones((1, 5))).h)


def test_a_chaotic_run_is_equal_step_by_step(script):
    """Same h_{t−1} in, same h_t and gradients out, where the whole runs would part: spectral radius 0, and chaotic."""
    cell = rnnlib.RNN(1, 2, rng=0)
    cell.params["W_hh"][...] = [[3.0, -3.0], [3.0, -3.0]]
    cell.params["b_h"][...] = [-1.5, 3.0]
    net = {"D": 1, "H": 2, "activation": "tanh", "params": {name: flat(v) for name, v in cell.params.items()}}
    x = np.zeros((50, 1, 1))
    trace = cell.forward(x)
    assert reach(cell, trace) > 1e10
    for t in range(1, len(x) + 1):
        one = cell.forward(x[t - 1 : t], trace.h[t - 1])
        step = script.call("engine", "rnnForward", args=[net, flat(x[t - 1]), flat(trace.h[t - 1])])
        assert_close(step["h"], one.h)
        grads = cell.backward(one, dh_last=[[1.0, 2.0]])
        back = script.call("engine", "rnnBackward", args=[net, step, None, [1.0, 2.0]])
        assert_close(back["h"], grads.h)
        assert_close(back["params"]["W_hh"], grads.params["W_hh"])


def test_overflow_is_named_as_rnnlib_names_it(script):
    cell, net, x, h0 = case("relu", "identity", gain=1e60)
    net["params"]["W_hh"] = flat(np.full((5, 5), 1e60))
    cell.params["W_hh"][...] = 1e60
    trace = cell.forward(x, np.abs(h0))
    theirs = script.call("engine", "rnnForward", args=[net, flat(x), flat(np.abs(h0))])
    assert theirs["overflow"] == trace.overflow
    assert trace.overflow is not None


def test_readout_and_loss_equal_rnnlib(script):
    H, O = 5, 4
    cell, net, x, h0 = case("tanh", "orthogonal", H=H)
    trace = cell.forward(x, h0)
    readout = rnnlib.Readout(H, O, rng=1)
    params = {name: flat(values) for name, values in readout.params.items()}
    out = readout.forward(trace.y)
    logits = script.call("engine", "readoutForward", args=[params, flat(trace.h), T, H])
    assert_close(logits, out.y)

    targets = np.arange(T) % O
    loss, dlogits = rnnlib.softmax_cross_entropy(out.y, targets[:, None])
    theirs = script.call("engine", "softmaxCrossEntropy", args=[logits, flat(targets.astype(float)), O])
    assert theirs["loss"] == pytest.approx(loss, rel=1e-12)
    assert_close(theirs["dlogits"], dlogits)

    grads = readout.backward(out, dlogits)
    back = script.call("engine", "readoutBackward", args=[params, flat(trace.h), T, H, theirs["dlogits"]])
    assert_close(back["dh"], grads.x)
    for name, values in grads.params.items():
        assert_close(back["params"][name], values)


def test_a_step_without_a_target_has_no_loss(script):
    logits = [3.0, 1.0, 0.0, 2.0]
    theirs = script.call("engine", "softmaxCrossEntropy", args=[logits, [-1.0, 1.0], 2])
    loss, dlogits = rnnlib.softmax_cross_entropy(
        np.array(logits).reshape(2, 1, 2), [[0], [1]], mask=[[0], [1]]
    )
    assert theirs["loss"] == pytest.approx(loss, rel=1e-12)
    assert_close(theirs["dlogits"], dlogits)


def test_large_logits_do_not_overflow(script):
    theirs = script.call("engine", "softmaxCrossEntropy", args=[[1000.0, 0.0], [1.0], 2])
    assert theirs["loss"] == pytest.approx(1000.0)


def test_norms_are_euclidean_for_each_step(script):
    assert script.call("engine", "norms", args=[[3.0, 4.0, 0.0, 2.0], 2]) == [5.0, 2.0]


@pytest.mark.parametrize("H", [1, 3, 4, 7, 8, 32])
def test_products_with_the_transpose_and_the_transpose_itself(script, H):
    generator = seeded.Generator(H)
    W, v = generator.normals(H * H).reshape(H, H), generator.normals(H)
    theirs = script.value(
        "((engine) => { const [weights, out] = [Float64Array.from(W), new Float64Array(H + 2)];"
        " engine.timesTransposed(weights, H, Float64Array.from(v), 1, out, 2);"
        " return [out, engine.transposed(weights, H)]; })(modules.engine)",
        H=H, W=flat(W), v=[9.0, *flat(v)],
    )  # fmt: skip
    assert_close(theirs[0], np.r_[0, 0, v @ W.T])
    np.testing.assert_array_equal(theirs[1], W.T.ravel())
