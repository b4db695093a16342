"""Periodic flows and other periodic equations by Fourier series, exact in what is linear."""
