"""What are the energy, pressure and diffusion of a Lennard-Jones fluid?

Particles in a periodic cube, in reduced units (ε = σ = m = k = 1), the potential cut at 3σ and its
tail added:

    u(r) = 4 (r⁻¹² − r⁻⁶),   p = ρT + Σ r·F / 3V + p_tail,   D = lim ⟨|r(t) − r(0)|²⟩ / 6t

Four histories of each state point melt from random lattices and are followed at constant
temperature (rescaling of the kinetic energy that keeps the canonical ensemble).

Parameters  temperature T*, density ρ*, number of particles, duration of each history after melting.
Observables potential_energy per particle, pressure, diffusion. Their sampling errors come from the
            autocorrelation of each history and from the scatter between histories; what the time
            step may add counts as solver error.
Expect      a liquid near T* = 0.85, ρ* = 0.78; a gas below ρ* = 0.01. Diffusion is that of the
            finite box: it grows by about 2.84 T / (6π η L) towards an infinite one.
Fails       for a box narrower than twice the cutoff; between gas and liquid below T* = 1.3, where
            the averages are those of two phases in one box; beyond freezing, ρ* > 0.9 at T* = 0.85.
            A duration too short for the correlations of an observable gives it no finite error.
Good start  T* = 0.85, ρ* = 0.776, 500 particles.
Reference   NIST Standard Reference Simulation Website, doi 10.18434/T4M88Q; thermostat: Bussi,
            Donadio and Parrinello 2007, doi 10.1063/1.2408420.
"""

from __future__ import annotations

from aion_sci.experiments.contract import Measured, Observable, Parameter, Reference, experiment

__all__ = ["lennard_jones_fluid"]

_SOURCE = "NIST, molecular dynamics of 500 particles, doi 10.18434/T4M88Q"


@experiment(
    id="md.lennard_jones_fluid",
    parameters=[
        Parameter("temperature", "1", "T* = kT/ε", 0.6, 10.0, 0.85),
        Parameter("density", "1", "ρ* = Nσ³/V", 1e-4, 1.0, 0.776, "log"),
        Parameter("particles", "1", "in the box", 64, 100_000, 500, kind="integer"),
        Parameter("duration", "1", "of each of four histories, in σ√(m/ε)", 10.0, 1e5, 120.0),
    ],
    observables=[
        Observable("potential_energy", "1", "per particle with its tail, in ε"),
        Observable("pressure", "1", "with its tail, in ε/σ³"),
        Observable("diffusion", "1", "of this box, in σ√(ε/m)"),
    ],
    references=[
        # Three standard errors of a run of the default duration.
        Reference(
            {"temperature": 0.85, "density": 0.82}, "potential_energy", -5.7947, 2e-3, _SOURCE
        ),
    ],
    seeded=True,
    batched=True,
    cost=lambda settings: 60.0,
)
def lennard_jones_fluid(temperature, density, particles, duration, seed):
    """Members of one size and length side by side, each with histories of its own seed."""
    import numpy as np

    from aion_kernels.md.fluid import lennard_jones_fluid

    found = lennard_jones_fluid(
        temperature, density, np.asarray(particles, np.int64), duration, np.asarray(seed, np.int64)
    )
    return Measured(
        observables=found.values,
        outcome=found.outcome,
        solver=found.step_errors,
        sampling=found.errors,
    )
