"""What is the energy of a given configuration of Lennard-Jones particles?

The sum over all pairs closer than a cutoff, in a periodic box and in reduced units (ε = σ = 1):

    E = Σ 4 (r⁻¹² − r⁻⁶),   W = −Σ r du/dr,   E_tail = (8/3) π N ρ (⅓ r_c⁻⁹ − r_c⁻³)

Parameters  file: extended XYZ with the box on its second line; cutoff r_c.
Observables energy E of the pairs, their virial W = Σ r·F, not divided by 3, and tail_energy: what
            the cutoff leaves out of a uniform fluid.
Expect      the sums to all digits of double precision.
Fails       for a box narrower than twice the cutoff, a file without a box, and particles that
            coincide: their energy is infinite and the run ends as `non_finite`.
Good start  datasets/md/lj_sample_config_periodic4.xyz, cutoff 3.
Reference   NIST Standard Reference Simulation Website, doi 10.18434/T4M88Q.
"""

from __future__ import annotations

from aion_sci.experiments.contract import Measured, Observable, Parameter, experiment

__all__ = ["lennard_jones_configuration"]


@experiment(
    id="md.lennard_jones_configuration",
    parameters=[
        Parameter("file", "1", "extended XYZ file with a box", kind="file"),
        Parameter("cutoff", "1", "distance at which pairs stop acting, in σ", 0.5, 1e3, 3.0),
    ],
    observables=[
        Observable("energy", "1", "of all pairs within the cutoff, in ε"),
        Observable("virial", "1", "Σ r·F over the same pairs, in ε"),
        Observable("tail_energy", "1", "of what lies beyond the cutoff, in ε"),
    ],
    batched=True,
    cost=lambda settings: 0.1,
)
def lennard_jones_configuration(file, cutoff):
    """One file at several cutoffs."""
    import numpy as np

    from aion_kernels.md.configuration_files import read_particles
    from aion_kernels.md.lennard_jones import lennard_jones_configuration

    particles = read_particles(file)
    found = [
        lennard_jones_configuration(particles.positions, particles.box, float(reach))
        for reach in cutoff
    ]
    return Measured(
        {
            name: np.array([float(getattr(one, name)) for one in found])
            for name in ("energy", "virial", "tail_energy")
        }
    )
