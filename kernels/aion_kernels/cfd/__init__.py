"""Computational fluid dynamics."""
