"""How strongly does a crystal of ions hold together?

The Coulomb energy of a pair of ions ±q at nearest distance r₀ is a number of the structure alone:

    E = −M q² / r₀

Parameters  crystal: nacl (rock salt), cscl (caesium chloride) or zincblende.
Observables madelung: the constant M, by a lattice sum after Ewald.
Expect      1.7476 for rock salt, 1.7627 for caesium chloride, 1.6381 for zincblende.
Fails       nowhere: three structures, each summed to round-off.
Good start  crystal nacl.
Reference   Borwein, Glasser, McPhedran, Wan & Zucker, Lattice Sums Then and Now, 2013, doi
            10.1017/CBO9781139626804.
"""

from __future__ import annotations

from aion_sci.experiments.contract import Measured, Observable, Parameter, Reference, experiment

__all__ = ["madelung"]

_SOURCE = "Borwein et al. 2013, doi 10.1017/CBO9781139626804"
_PUBLISHED = {"nacl": 1.7475645946331822, "cscl": 1.76267477307099, "zincblende": 1.63805505338879}


@experiment(
    id="md.madelung",
    parameters=[
        Parameter(
            "crystal", "1", "structure", kind="choice", choices=tuple(_PUBLISHED), default="nacl"
        )
    ],
    observables=[Observable("madelung", "1", "M in E = −M q²/r₀")],
    references=[
        Reference({"crystal": crystal}, "madelung", value, 1e-12, _SOURCE)
        for crystal, value in _PUBLISHED.items()
    ],
    batched=True,
    cost=lambda settings: 0.3,
)
def madelung(crystal):
    """One structure."""
    from aion_kernels.md.crystals import CRYSTALS, madelung_constant

    value = madelung_constant(CRYSTALS[crystal])
    # Some 1e5 waves of either sign, summed in double precision, leave 1e-13 of the whole.
    return Measured({"madelung": value}, solver={"madelung": 1e-12 * value})
