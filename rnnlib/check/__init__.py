"""Answers a learner's exercise with a sentence that helps.

Every check takes the learner's own function (or value, choice, explorer), never raises, and returns a Result whose text
is one or two sentences: right, not done yet, or the most likely mistake.

>>> from rnnlib import check
>>> def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
...     ...
>>> check.rnn_step(rnn_step)
Not done yet: rnn_step is still a stub. Return h_t of shape (B, H).
>>> import numpy as np
>>> check.rnn_step(lambda x_t, h_prev, W_xh, W_hh, b_h: np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h))
Right on 5 cases, B = 1 and D = H included.
"""

from .answers import choice, explorer, value
from .bptt import bptt_fixed, rnn_backward, rnn_step_backward, scalar_bptt
from .cell import parameter_count, readout_fixed, rnn_forward, rnn_step
from .classes import confusion_matrix, ctc_collapse, macro_accuracy, mean_pool
from .comparison import copy_baseline, separated_by_luck, solved_after, summary
from .forecasting import fit_ar, free_run, persistence_skill, standardise, walk_forward
from .gradients import exploding_net, gradient_norms, jacobian, steps_to_fade
from .gru import gru_fixed, gru_step, gru_step_backward, gru_units
from .language import auc, bigram_nats, per_word, streams_fixed, with_temperature
from .loss import cross_entropy, loss_gradient, perplexity, softmax
from .lstm import forget_bias_for, lstm_fixed, lstm_step, lstm_step_backward, open_forget
from .ragged import embedding_backward, inverted_dropout, masked_mean, reverse_padded, summary_fixed
from .result import Result
from .scan import combine, inference_memory, linear_backward, linear_scan, min_gru
from .seq2seq import attend_backward, attention_weights, beam_step, decoder_inputs, greedy
from .sequences import memory_steps, scalar_recurrence, windows
from .taming import clip_by_norm, clip_fixed, scale_to
from .training import adam_step, learning_curve_minimum, sgd_step, split_in_time
from .truncation import streams, truncated_backward
from .unrolling import generate, last_states, pad
from .weights import flip_update_gate, from_onnx_gru, merge_gru_biases, reorder_gates

__all__ = [
    "Result", "value", "choice", "explorer",
    "scalar_recurrence", "windows", "memory_steps",
    "rnn_step", "rnn_forward", "parameter_count", "readout_fixed",
    "last_states", "generate", "pad",
    "softmax", "cross_entropy", "loss_gradient", "perplexity",
    "scalar_bptt", "rnn_step_backward", "rnn_backward", "bptt_fixed",
    "sgd_step", "adam_step", "split_in_time", "learning_curve_minimum",
    "truncated_backward", "streams",
    "jacobian", "gradient_norms", "steps_to_fade", "exploding_net",
    "clip_by_norm", "clip_fixed", "scale_to",
    "embedding_backward", "masked_mean", "reverse_padded", "summary_fixed", "inverted_dropout",
    "lstm_step", "lstm_fixed", "open_forget", "forget_bias_for", "lstm_step_backward",
    "reorder_gates", "flip_update_gate", "merge_gru_biases", "from_onnx_gru",
    "gru_step", "gru_fixed", "gru_step_backward", "gru_units",
    "copy_baseline", "solved_after", "summary", "separated_by_luck",
    "bigram_nats", "streams_fixed", "with_temperature", "per_word", "auc",
    "inference_memory", "combine", "linear_scan", "linear_backward", "min_gru",
    "walk_forward", "persistence_skill", "fit_ar", "standardise", "free_run",
    "confusion_matrix", "macro_accuracy", "mean_pool", "ctc_collapse",
    "decoder_inputs", "greedy", "beam_step", "attention_weights", "attend_backward",
]  # fmt: skip
