"""What is the energy of a given configuration of SPC/E water, term by term?

Rigid molecules with three charges and one Lennard-Jones site; Coulomb's energy is summed after
Ewald with tin foil around the whole, α = 5.6/L, waves up to 5 with n² < 27:

    E = E_dispersion + E_tail + E_real + E_fourier + E_self + E_intramolecular

Parameters  file: XYZ with a cubic box, three lines a molecule (O, H, H), in Å.
Observables each term and their total, over Boltzmann's constant, in kelvin. The clouds of a
            molecule's own charges, which the waves count, are taken out by `intramolecular`.
Expect      six digits of the published values; the fourth-last digit of Coulomb's constant changes
            the seventh.
Fails       for a box that is no cube or narrower than 20 Å (twice the cutoff), and for a file that
            holds anything but water.
Good start  datasets/md/spce_sample_config_periodic1.xyz.
Reference   NIST Standard Reference Simulation Website, doi 10.18434/T4M88Q; the model: Berendsen,
            Grigera & Straatsma 1987, doi 10.1021/j100308a038.
"""

from __future__ import annotations

from aion_sci.experiments.contract import Measured, Observable, Parameter, experiment

__all__ = ["ewald_configuration"]

_TERMS = {
    "dispersion": "Lennard-Jones pairs within 10 Å",
    "tail": "dispersion beyond 10 Å, for a uniform fluid",
    "real": "charges within 10 Å, each with the cloud that screens it",
    "fourier": "the clouds, as waves",
    "self": "each cloud with its own charge, taken out",
    "intramolecular": "clouds of a molecule's other charges, taken out",
    "total": "the sum of all terms",
}


@experiment(
    id="md.ewald_configuration",
    parameters=[Parameter("file", "1", "XYZ file of water in a cubic box, in Å", kind="file")],
    observables=[Observable(name, "K", text) for name, text in _TERMS.items()],
    batched=True,
    cost=lambda settings: 0.2,
)
def ewald_configuration(file):
    """One file."""
    from aion_kernels.md.configuration_files import read_particles
    from aion_kernels.md.water_configuration import spce_energies

    return Measured(spce_energies(read_particles(file))._asdict())
