"""Reaction kinetics: mechanisms, reactors, ignition and equilibrium."""
