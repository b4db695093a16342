"""Molecular dynamics: systems of particles, replicas first."""
