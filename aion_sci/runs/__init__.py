"""Specs, studies, run folders and the runner."""
