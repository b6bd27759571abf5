"""Time rnnlib against PyTorch and against the matrix products alone: `python dev.py bench --only cells`.

One thread, CPU time. All take turns in every round, and a ratio is the median of the rounds' ratios, so that what else
the machine does falls on all alike. Three tables: a training step (forward, readout, loss, backward, Adam) and the cell
alone (forward, backward); memory against T; seconds to import. A full run writes benchmarks/results/cells.json.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
ONE_THREAD = dict.fromkeys(
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"], "1"
)
os.environ.update(ONE_THREAD)  # before NumPy and PyTorch start their pools
os.environ.pop("OPENBLAS_CORETYPE", None)  # a machine may name a plainer kernel than its own

import numpy as np  # noqa: E402
import torch  # noqa: E402
from contest import CELLS, DTYPES, WORKLOADS, Floor, Ours, Task, Theirs, agree  # noqa: E402
from tqdm import tqdm  # noqa: E402

import rnnlib  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "cells.json"
LENGTHS = [50, 100, 200, 400]
PACE = {False: (9, 0.05), True: (3, 0.01)}  # quick: rounds, and seconds of CPU for one entrant's turn
LONG = 0.2  # seconds; calls as long as this vary less, and 5 rounds will do


def turn(run, count):
    """Return the CPU seconds of one call, over `count` calls."""
    start = time.process_time()
    for _ in range(count):
        run()
    return (time.process_time() - start) / count


def race(entrants, quick):
    """Return {name: CPU seconds in each round}; every round starts with another entrant."""
    rounds, least = PACE[quick]
    for run in entrants.values():
        run()  # what is allocated or compiled at the first call
    once = {name: max(turn(run, 1), 1e-7) for name, run in entrants.items()}
    counts = {name: max(1, round(least / seconds)) for name, seconds in once.items()}
    times, names = {name: [] for name in entrants}, list(entrants)
    for k in range(rounds if max(once.values()) < LONG else min(rounds, 5)):
        for name in names[k % len(names) :] + names[: k % len(names)]:
            times[name].append(turn(entrants[name], counts[name]))
    return times


def ratio(times, above, *below):
    """Return the median over the rounds of one entrant's time by another's, the fastest of those named."""
    fastest = min(below, key=lambda name: statistics.median(times[name]))
    return statistics.median(a / b for a, b in zip(times[above], times[fastest], strict=True))


def entrants_of(workload, cell, dtype):
    """Return {name: function}, after a check that rnnlib and PyTorch train the same net."""
    task = Task(workload, dtype)
    agree(Ours(cell, task), Theirs(cell, task, Ours(cell, task)))
    ours, floor = Ours(cell, task), Floor(cell, task)
    plain, fused = (Theirs(cell, task, ours, fused=fused) for fused in (False, True))
    return {"step": ours.step, "step plain": plain.step, "step fused": fused.step, "step floor": floor.step,
            "cell": ours.alone, "cell torch": plain.alone, "cell floor": floor.alone}  # fmt: skip


def compare(workload, cell, dtype, quick):
    """Return one row: milliseconds of rnnlib, and its ratios to PyTorch and to the floor."""
    times = race(entrants_of(workload, cell, dtype), quick)
    row = {"workload": workload, "cell": cell, "dtype": dtype}
    for name, rivals in {"step": ("step plain", "step fused"), "cell": ("cell torch",)}.items():
        row[f"{name}_ms"] = 1000 * statistics.median(times[name])
        row[f"{name}_vs_torch"] = ratio(times, name, *rivals)
        row[f"{name}_vs_floor"] = ratio(times, name, f"{name} floor")
    return row


# Memory and imports, each measured in a process of its own


def printed(*command):
    """Run Python with these arguments and return the number that it prints, or None if it prints none."""
    found = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return float(found) if found.strip() else None


def import_seconds(module, repeats):
    """Return the median CPU seconds that importing a module takes."""
    code = f"import time; start = time.process_time(); import {module}; print(time.process_time() - start)"
    return statistics.median(printed("-c", code) for _ in range(repeats))


def peak():
    """Return the most memory that this process has held, in MB; None where the system does not say (Windows)."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says here began with the parent
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def print_memory(library, T):
    """Print the MB that one forward and backward of the LSTM adds, on char-LM in float64 with T steps."""
    entrants = []
    for task in (Task("char-LM", "float64", 1), Task("char-LM", "float64", T)):
        ours = Ours("LSTM", task)
        entrants.append(ours if library == "rnnlib" else Theirs("LSTM", task, ours))
    first, measured = entrants
    first.alone()  # what is loaded at the first call is not counted
    before = peak()
    if before is not None:
        measured.alone()
        print(peak() - before)


def memory_rows(lengths):
    """Return rows of the memory that either library needs at each T."""
    rows = []
    for T in tqdm(lengths, desc="memory", leave=False):
        of = {name: printed(__file__, "--memory", name, str(T)) for name in ("rnnlib", "torch")}
        rows.append({"T": T, "rnnlib_mb": of["rnnlib"], "torch_mb": of["torch"]})
    return rows


# What is printed and kept


def machine():
    """Return what the numbers belong to: the CPU and the versions."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": cpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas['name']} {blas['version']}",
        "torch": torch.__version__,
        "rnnlib": rnnlib.__version__,
    }


def cpu():
    """Return the CPU's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(rows):
    """Print rows, dicts with the same keys, text to the left and numbers to the right."""
    cells = [[*rows[0]], *([show(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = [isinstance(value, str) for value in rows[0].values()]
    for row in cells:
        parts = (f"{c:{'<' if le else '>'}{w}}" for c, w, le in zip(row, widths, left, strict=True))
        print("  ".join(parts).rstrip())
    print()


def show(value):
    """Write a number with the digits that it deserves."""
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def measure(workloads, cells, quick):
    """Measure, print and return everything."""
    races = [(workload, cell, dtype) for workload in workloads for cell in cells for dtype in DTYPES]
    times = [compare(*one, quick) for one in tqdm(races, desc="races", leave=False)]
    table(times)
    memory = memory_rows(LENGTHS[:2] if quick else LENGTHS)
    table(memory)
    imports = {name: import_seconds(name, 3 if quick else 7) for name in ("numpy", "rnnlib", "torch")}
    table([{"import": name, "seconds": seconds} for name, seconds in imports.items()])
    return {"machine": machine(), "times": times, "memory": memory, "import_seconds": imports}


def parser():
    """Return the reader of the command line."""
    top = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    top.add_argument("--quick", action="store_true", help="fewer and shorter rounds; nothing is kept")
    top.add_argument("--workload", action="append", choices=WORKLOADS, help="only this one (may be repeated)")
    top.add_argument("--cell", action="append", choices=CELLS, help="only this one (may be repeated)")
    top.add_argument("--memory", nargs=2, metavar=("LIBRARY", "T"), help=argparse.SUPPRESS)
    return top


def main(arguments=None):
    """Measure what the command line asks for; a whole run is kept."""
    options = parser().parse_args(arguments)
    torch.set_num_threads(1)
    if options.memory:
        return print_memory(options.memory[0], int(options.memory[1]))
    found = measure(options.workload or WORKLOADS, options.cell or CELLS, options.quick)
    if not (options.quick or options.workload or options.cell):
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"kept in {RESULTS.relative_to(ROOT)}")
    return None


if __name__ == "__main__":
    main()
