"""Recurrent cells: forward records a trace, backward walks it."""
