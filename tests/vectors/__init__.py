"""Vectors: one small signed PDF per cause, each with the verdict that it must get."""
