"""Reaction kinetics."""
