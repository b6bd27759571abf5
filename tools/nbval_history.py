"""A pytest plug-in that lets nbval run cells as JupyterLab does: with history.

nbval asks the kernel to keep no history, and IPython then no longer sees the `;` that ends a cell and hides its value:
the comparison would find a value that no notebook shows. (nbval 0.11 has no option for it.)
"""

from nbval.kernel import RunningKernel


def execute_cell_input(kernel, source, allow_stdin=None):
    """Send a cell to the kernel and return the message's id."""
    return kernel.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_cell_input
