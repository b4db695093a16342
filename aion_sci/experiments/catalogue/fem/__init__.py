"""Experiments with solids, heat and slow flow by finite elements."""
