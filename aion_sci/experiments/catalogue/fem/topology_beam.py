"""How stiff can a beam be that is made from a given amount of material?

Half of the MBB beam, 60 × 20 cells: symmetric on the left, a roller at the lower right corner, a
unit force down at the upper left one. Material is put where it serves best (SIMP):

    minimise fᵀu   with  K(x) u = f,   Σ xₑ ≤ V n,   Eₑ = 1e-9 + xₑᵖ (1 − 1e-9)

Parameters  volume_fraction V; penalty p; filter_radius r in cells, below which there is no detail;
            filter: of the sensitivities, or of the densities.
Observables compliance: fᵀu, twice the elastic energy, of the last design that was analysed.
Expect      216.81 for V = 0.5, p = 3, r = 2.4 and the sensitivity filter. Another start or another
            rule for stopping ends in another local optimum, a few thousandths away.
Fails       as `not_converged` after 2000 steps. The solver's bar is the change of the last step: it
            says how settled the design is, not how far the best of all designs may be.
Good start  the defaults.
Reference   Andreassen, Clausen, Schevenels, Lazarov & Sigmund 2011, doi 10.1007/s00158-010-0594-7.
"""

from __future__ import annotations

from aion_sci.experiments.contract import (
    Field,
    Measured,
    Observable,
    Parameter,
    Reference,
    experiment,
)

__all__ = ["topology_beam"]

_TOP88 = "Andreassen et al. 2011, doi 10.1007/s00158-010-0594-7, their program: 216.8137"
_WIDEST = 10.0


@experiment(
    id="fem.topology_beam",
    parameters=[
        Parameter("volume_fraction", "1", "V, share of the cells to fill", 0.05, 0.95, 0.5),
        Parameter("penalty", "1", "p, exponent of the stiffness", 1.0, 6.0, 3.0),
        Parameter("filter_radius", "1", "r, in cells", 1.0, _WIDEST, 2.4),
        Parameter(
            "filter",
            "1",
            "what is averaged over the radius",
            default="sensitivity",
            kind="choice",
            choices=("sensitivity", "density"),
        ),
    ],
    observables=[Observable("compliance", "1", "force times displacement where it acts")],
    fields=[Field("density", ("cell",), "1", "of each cell, in the order of the mesh")],
    references=[Reference({}, "compliance", 216.8137, 0.001, _TOP88)],
    batched=True,
    cost=lambda settings: 12.0,
)
def topology_beam(volume_fraction, penalty, filter_radius, filter):
    """All designs as one program."""
    from aion_kernels.core.ensemble import ensemble
    from aion_kernels.fem.topology import beam_designer

    solution = ensemble(beam_designer(filter), (volume_fraction, penalty, filter_radius))
    return Measured(
        observables={"compliance": solution.value["compliance"]},
        fields={"density": solution.value["design"]},
        outcome=solution.outcome,
        solver={"compliance": solution.value["change"]},
    )
