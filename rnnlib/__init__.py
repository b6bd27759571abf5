"""Recurrent neural networks in NumPy, written to be read beside the book.

>>> import numpy as np, rnnlib
>>> cell = rnnlib.RNN(input_size=2, hidden_size=3, rng=0)
>>> trace = cell.forward(np.ones((5, 1, 2)))      # x: (T, B, D)
>>> trace.y.shape                                 # h_1 … h_T: (T, B, H)
(5, 1, 3)
>>> grads = cell.backward(trace, dh_last=np.ones((1, 3)))
>>> grads.params["W_hh"].shape == cell.params["W_hh"].shape
True
"""

from importlib import import_module

from .cells.base import Grads
from .cells.gru import GRU
from .cells.lstm import LSTM
from .cells.rnn import RNN
from .cells.truncated import truncated
from .clipping import clip_grad_norm, clip_grad_value, grad_norm
from .gradcheck import gradcheck
from .layers.attention import Attention
from .layers.bidirectional import bidirectional
from .layers.conv import Conv1D
from .layers.dropout import Dropout
from .layers.embedding import Embedding
from .layers.readout import Readout
from .layers.seq2seq import EncoderDecoder
from .layers.stack import stack
from .losses import mse, softmax, softmax_cross_entropy
from .optim import SGD, Adagrad, Adam

__version__ = "0.1.0"

__all__ = [
    "RNN", "LSTM", "GRU", "truncated", "Grads",
    "Readout", "Embedding", "Dropout", "Conv1D", "Attention", "stack", "bidirectional",
    "EncoderDecoder",
    "softmax", "softmax_cross_entropy", "mse",
    "SGD", "Adagrad", "Adam",
    "clip_grad_norm", "clip_grad_value", "grad_norm", "gradcheck",
]  # fmt: skip

_LAZY = ("check", "data", "explorers", "interop", "tasks", "training")  # loaded at first use


def __getattr__(name):
    if name in _LAZY:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'rnnlib' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_LAZY])
