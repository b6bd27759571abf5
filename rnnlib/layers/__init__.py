"""Layers that stand beside the cells, with the same two verbs: forward and backward."""
