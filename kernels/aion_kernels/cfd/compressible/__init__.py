"""Compressible flow of an ideal gas: shocks, sound, and viscous layers."""
