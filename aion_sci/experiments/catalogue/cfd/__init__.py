"""Fluid dynamics experiments."""
