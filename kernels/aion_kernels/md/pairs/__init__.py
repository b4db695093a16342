"""Pairs of atoms within a cutoff: finding them, and what they do to one another."""
