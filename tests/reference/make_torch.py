"""Make torch.npz, the values that rnnlib is compared with, from PyTorch in float64.

    python -m venv /tmp/reference && /tmp/reference/bin/pip install torch==2.13.0 numpy
    /tmp/reference/bin/python tests/reference/make_torch.py

The file states the version of PyTorch in "torch_version". Every entry is "case/array"; states and gradients are in
PyTorch's layout, so that the tests pass through rnnlib.interop as a user would.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

T, B, D, H, O = 7, 3, 4, 5, 6
LENGTHS = [7, 2, 4]
torch.set_default_dtype(torch.float64)


def normal(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def one_bias(rnn):
    """PyTorch trains two biases whose sum alone matters: hold the second at 0."""
    with torch.no_grad():
        rnn.bias_hh_l0.zero_()
    rnn.bias_hh_l0.requires_grad_(False)
    return rnn


def second_bias_still(rnn):
    """Keep the second bias where it is, so that the first alone moves their sum; a GRU's n part is multiplied by r."""
    for name, p in rnn.named_parameters():
        if name.startswith("bias_hh"):
            moves = torch.zeros_like(p)
            if isinstance(rnn, nn.GRU):
                moves[2 * H :] = 1.0
            p.register_hook(lambda grad, moves=moves: grad * moves)
    return rnn


def weights(module):
    return {f"weights.{name}": value.detach().clone() for name, value in module.state_dict().items()}


def gradients(module):
    return {f"grads.{name}": p.grad for name, p in module.named_parameters() if p.grad is not None}


def cell_case(activation, lengths):
    """Forward and every gradient of nn.RNN, for the loss Σ dy ⊙ y + Σ dh_last ⊙ h_last."""
    torch.manual_seed(3)
    rnn = one_bias(nn.RNN(D, H, nonlinearity=activation))
    x, h0 = normal(1, T, B, D).requires_grad_(), normal(2, B, H).requires_grad_()
    dy, dh_last = normal(3, T, B, H), normal(4, B, H)
    if lengths is None:
        y, h_last = rnn(x, h0[None])
    else:
        packed, h_last = rnn(pack_padded_sequence(x, lengths, enforce_sorted=False), h0[None])
        y, _ = pad_packed_sequence(packed, total_length=T)
        dy = dy * (torch.arange(T)[:, None, None] < torch.tensor(lengths)[None, :, None])
    ((dy * y).sum() + (dh_last * h_last[0]).sum()).backward()
    found = {
        "x": x,
        "h0": h0,
        "dy": dy,
        "dh_last": dh_last,
        "y": y,
        "h_last": h_last[0],
        "dx": x.grad,
        "dh0": h0.grad,
    }
    return {**found, "lengths": torch.tensor(lengths or [T] * B), **weights(rnn), **gradients(rnn)}


def form_case(kind, form, lengths):
    """Forward and every gradient of a module of any depth, for Σ dy ⊙ y + Σ dh_last ⊙ h_last (+ Σ dc_last ⊙ c_last)."""
    torch.manual_seed(6)
    rnn = second_bias_still(kind(D, H, **FORMS[form]))
    rows, names = rnn.num_layers * (1 + rnn.bidirectional), ("h", "c") if kind is nn.LSTM else ("h",)
    x = normal(21, T, B, D).requires_grad_()
    starts = {f"{name}0": normal(22 + i, rows, B, H).requires_grad_() for i, name in enumerate(names)}
    d_lasts = {f"d{name}_last": normal(24 + i, rows, B, H) for i, name in enumerate(names)}
    dy = normal(26, T, B, H * (1 + rnn.bidirectional))
    dy = dy * (torch.arange(T)[:, None, None] < torch.tensor(lengths or [T] * B)[None, :, None])
    y, lasts = run(rnn, x, [*starts.values()], lengths)
    loss = (dy * y).sum() + sum((d * last).sum() for d, last in zip(d_lasts.values(), lasts))
    loss.backward()
    found = {"x": x, "dy": dy, "y": y, "dx": x.grad, **starts, **d_lasts}
    found |= {f"{name}_last": last for name, last in zip(names, lasts)}
    found |= {f"d{name}": start.grad for name, start in starts.items()}
    return {**found, "lengths": torch.tensor(lengths or [T] * B), **weights(rnn), **gradients(rnn)}


def run(rnn, x, starts, lengths):
    """Return y and the list of last states, with the sequences packed if they have lengths."""
    state = tuple(starts) if isinstance(rnn, nn.LSTM) else starts[0]
    packed = x if lengths is None else pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, lasts = rnn(packed, state)
    y = y if lengths is None else pad_packed_sequence(y, total_length=T)[0]
    return y, lasts if isinstance(rnn, nn.LSTM) else [lasts]


def gated_steps_case(kind, window):
    """As steps_case, for nn.LSTMCell and nn.GRUCell: for the LSTM also the total gradient at every c_t."""
    torch.manual_seed(7)
    cell = kind(D, H)
    names = ("h", "c") if kind is nn.LSTMCell else ("h",)
    x, dy = normal(31, T, B, D), normal(32, T, B, H)
    seen = [[normal(33 + i, B, H).requires_grad_() for i in range(len(names))]]
    for t in range(T):
        before = [s.detach() for s in seen[-1]] if window and t and t % window == 0 else seen[-1]
        after = cell(x[t], tuple(before) if kind is nn.LSTMCell else before[0])
        seen.append([*after] if kind is nn.LSTMCell else [after])
        for state in seen[-1]:
            state.retain_grad()
    sum((dy[t] * seen[t + 1][0]).sum() for t in range(T)).backward()
    found = {"x": x, "dy": dy}
    for i, name in enumerate(names):
        found |= {name: torch.stack([states[i] for states in seen])}
        found |= {f"d{name}": torch.stack([states[i].grad for states in seen])}
    renamed = {f"weights.{name}_l0": value for name, value in cell.state_dict().items()}
    return {**found, **renamed, **{f"grads.{name}_l0": p.grad for name, p in cell.named_parameters()}}


def steps_case(window):
    """The total gradient at every h_t, from an nn.RNNCell run step by step and detached every `window` steps."""
    torch.manual_seed(4)
    cell = nn.RNNCell(D, H)
    with torch.no_grad():
        cell.bias_hh.zero_()
    x, h, dy = normal(5, T, B, D), normal(6, B, H).requires_grad_(), normal(7, T, B, H)
    seen = [h]
    for t in range(T):
        before = seen[-1].detach() if window and t and t % window == 0 else seen[-1]
        seen.append(cell(x[t], before))
        seen[-1].retain_grad()
    sum((dy[t] * seen[t + 1]).sum() for t in range(T)).backward()
    found = {
        "x": x,
        "h0": h,
        "dy": dy,
        "h": torch.stack(seen),
        "dh": torch.stack([state.grad for state in seen]),
    }
    renamed = {f"weights.{name}_l0": value for name, value in cell.state_dict().items()}
    return {**found, **renamed, **{f"grads.{name}_l0": p.grad for name, p in cell.named_parameters()}}


def loss_cases():
    """Cross-entropy and squared error under each reduction, with and without positions that do not count."""
    logits, targets = normal(8, T, B, O), torch.from_numpy(np.random.default_rng(9).integers(0, O, (T, B)))
    mask = torch.from_numpy(np.random.default_rng(10).random((T, B)) < 0.7)
    probabilities = torch.softmax(normal(11, T, B, O), dim=-1)
    yield "loss", {"logits": logits, "targets": targets, "mask": mask, "probabilities": probabilities}
    for reduction in ("sum", "mean", "none"):
        ignored = torch.where(mask, targets, -100)
        yield f"loss.ce.{reduction}", loss_case(nn.functional.cross_entropy, logits, targets, reduction)
        yield f"loss.ce_mask.{reduction}", loss_case(nn.functional.cross_entropy, logits, ignored, reduction)
        soft = probabilities.reshape(-1, O)
        yield f"loss.ce_soft.{reduction}", loss_case(nn.functional.cross_entropy, logits, soft, reduction)
    for reduction in ("sum", "mean"):
        target = probabilities.reshape(-1, O)
        yield f"loss.mse.{reduction}", loss_case(nn.functional.mse_loss, logits, target, reduction)


def loss_case(function, logits, targets, reduction):
    logits = logits.clone().requires_grad_()
    targets = targets.reshape(-1) if targets.ndim == 2 and targets.shape == (T, B) else targets
    loss = function(logits.reshape(-1, O), targets, reduction=reduction)
    loss.sum().backward()
    return {"loss": loss.reshape(T, B) if reduction == "none" else loss, "dlogits": logits.grad}


def optimiser_case(make):
    """Twenty updates of two parameters by given gradients: the parameters after each."""
    start = {"W": normal(12, 4, 3), "b": normal(13, 3)}
    grads = {"W": normal(14, 20, 4, 3), "b": normal(15, 20, 3)}
    params = {name: nn.Parameter(value.clone()) for name, value in start.items()}
    optimiser, path = make(params.values()), {name: [] for name in params}
    for i in range(20):
        for name, p in params.items():
            p.grad = grads[name][i].clone()
        optimiser.step()
        for name, p in params.items():
            path[name].append(p.detach().clone())
    return {f"{kind}.{name}": value for name in params for kind, value in
            (("start", start[name]), ("grads", grads[name]), ("path", torch.stack(path[name])))}  # fmt: skip


def training_case(make, kind=nn.RNN, form=None):
    """Twenty updates of RNN and readout together on cross-entropy: the losses and the last weights."""
    torch.manual_seed(5)
    rnn = one_bias(nn.RNN(D, H)) if form is None else second_bias_still(kind(D, H, **form))
    linear = nn.Linear(H * (1 + rnn.bidirectional), O)
    x, targets = normal(16, T, B, D), torch.from_numpy(np.random.default_rng(17).integers(0, O, (T, B)))
    start = {f"rnn.{name}": value for name, value in weights(rnn).items()}
    start |= {f"linear.{name}": value for name, value in weights(linear).items()}
    optimiser = make([p for module in (rnn, linear) for p in module.parameters() if p.requires_grad])
    losses = [training_step(rnn, linear, x, targets, optimiser) for _ in range(20)]
    end = {f"end.rnn.{name}": value.detach() for name, value in rnn.state_dict().items()}
    end |= {f"end.linear.{name}": value.detach() for name, value in linear.state_dict().items()}
    return {"x": x, "targets": targets, "losses": torch.stack(losses), **start, **end}


def training_step(rnn, linear, x, targets, optimiser):
    loss = nn.functional.cross_entropy(linear(rnn(x)[0]).reshape(-1, O), targets.reshape(-1), reduction="sum")
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


KINDS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
FORMS = {
    "single": {},
    "stacked": {"num_layers": 2},
    "bidirectional": {"bidirectional": True},
    "stacked_bidirectional": {"num_layers": 2, "bidirectional": True},
}
OPTIMISERS = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.05),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.9),
    "adagrad": lambda params: torch.optim.Adagrad(params, lr=0.1),
    "adam": lambda params: torch.optim.Adam(params, lr=0.01, betas=(0.8, 0.99), eps=1e-6),
    "adam_defaults": lambda params: torch.optim.Adam(params),
}


def cases():
    for activation in ("tanh", "relu"):
        yield f"cell.{activation}", cell_case(activation, None)
        yield f"cell.{activation}_ragged", cell_case(activation, LENGTHS)
    yield "steps", steps_case(None)
    yield "steps_window3", steps_case(3)
    yield from loss_cases()
    for name, make in OPTIMISERS.items():
        yield f"optim.{name}", optimiser_case(make)
    for name in ("sgd", "adagrad", "adam"):
        yield f"training.{name}", training_case(OPTIMISERS[name])
    yield from form_cases()


def form_cases():
    """Every kind of cell in every form, full and packed, and trained with Adam."""
    for kind, module in KINDS.items():
        for form in FORMS:
            yield f"form.{kind}.{form}.full", form_case(module, form, None)
            yield f"form.{kind}.{form}.packed", form_case(module, form, LENGTHS)
            if form != "stacked_bidirectional":
                yield f"training.{kind}.{form}", training_case(OPTIMISERS["adam"], module, FORMS[form])
    for kind, module in {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell}.items():
        yield f"steps.{kind}.whole", gated_steps_case(module, None)
        yield f"steps.{kind}.window3", gated_steps_case(module, 3)


def main():
    arrays = {
        f"{case}/{name}": value.detach().numpy() for case, found in cases() for name, value in found.items()
    }
    path = Path(__file__).with_name("torch.npz")
    np.savez_compressed(path, torch_version=torch.__version__, **arrays)
    print(f"{path}: {len(arrays)} arrays, {path.stat().st_size} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
