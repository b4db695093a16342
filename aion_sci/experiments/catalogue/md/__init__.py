"""Molecular dynamics experiments."""
