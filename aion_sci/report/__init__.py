"""Figures, the HTML report, progress and notebook displays."""
