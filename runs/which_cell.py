"""The comparison of the chapter on cells: tanh RNN, IRNN, GRU and LSTM on three tasks, each from several seeds.

Run `python runs/which_cell.py` (about forty minutes on one core). It makes again all that the chapter shows:
runs/adding.json, runs/temporal_order.json, runs/copy_memory.json and the trained nets in runs/adding_nets.npz. Tasks,
baselines, seeds and settings stand in the scripts of these names, each of which makes its own file alone.

The terms: one number of units a task, one batch size, one bound on the gradient's norm, fresh batches, the same test
sequences for all, and no fewer steps for one than for another. A cell that is solved from no seed of adding or temporal
order has a second rate. Another processor rounds otherwise, and long runs then part: expect the same picture, not the
same digits.
"""

import adding
import adding_nets
import copy_memory
import temporal_order


def main():
    """Make the three tables and the trained nets again."""
    for script in (adding, temporal_order, copy_memory, adding_nets):
        script.main()


if __name__ == "__main__":
    main()
