"""One trained net of each cell on the adding problem, stored to be looked into.

Run `python runs/adding_nets.py` (about two minutes on one core); it writes runs/adding_nets.npz. These are four of the
nets of runs/adding.py from seed 0, at the end of their training: "GRU/0.W_xh" is the array "0.W_xh" of the net "GRU",
rounded to float32.
"""

from pathlib import Path

import adding
import numpy as np
from seeds import train

SEED = 0
NAMES = ("tanh RNN, lr 0.001", "IRNN", "GRU", "LSTM, forget bias 3")


def trained(name):
    """Return a net of runs/adding.py, trained as there from the one seed."""
    settings = {**adding.SETTINGS, **adding.NETS[name]}
    net = settings.pop("make")(SEED)
    settings.pop("seeds")
    history = train(net, adding.draw, SEED, name, **settings)
    print(f"{name}: test loss {history.validation_loss[-1]:.5f} after {settings['steps']} steps", flush=True)
    return net


def main():
    """Train the nets and store their parameters."""
    arrays = {f"{name}/{key}": array.astype(np.float32)
              for name in NAMES for key, array in trained(name).params.items()}  # fmt: skip
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main()
