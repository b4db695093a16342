"""Re-assembly of stiffness matrices: forms compiled by XLA against DOLFINx on one process.

Cubes of n³ boxes of six tetrahedra, linear elements, the pattern known, DOLFINx into its own
MatrixCSR. Sides alternate; compile time is apart; the matrices are compared before they are timed.

    python benchmarks/fem_assembly.py 20 40
"""

from __future__ import annotations

import statistics
import sys
import time

import jax
import numpy as np
import ufl

from aion_kernels.fem.forms import compile_form
from aion_kernels.fem.lattice import lattice

__all__ = ["main"]

_ROUNDS = 7


def main(sizes: list[int]) -> None:
    """Print a line for each form and size."""
    from dolfinx import fem

    jax.config.update("jax_enable_x64", True)
    print("form, n, unknowns, first call s, ours ms, DOLFINx ms, ratio")
    for n in sizes:
        mesh = lattice("tetrahedron", (n, n, n)).mesh
        for name, shape in (("Poisson P1", ()), ("elasticity P1", (3,))):
            space = fem.functionspace(mesh, ("Lagrange", 1, shape))
            u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
            modulus = fem.Constant(mesh, 1.0)
            strain = ufl.sym(ufl.grad(u)) if shape else ufl.grad(u)
            stress = modulus * strain
            if shape:
                stress = stress + modulus * ufl.tr(strain) * ufl.Identity(3)
            form = ufl.inner(stress, ufl.grad(v)) * ufl.dx
            compiled, theirs = compile_form(form), fem.form(form)
            start = time.perf_counter()
            ours = jax.block_until_ready(compiled({modulus: 2.0}).entries)
            first = time.perf_counter() - start
            matrix = fem.create_matrix(theirs)
            modulus.value = 2.0
            fem.assemble_matrix(matrix, theirs)
            assert compiled.pattern is not None
            dense = matrix.to_scipy().data
            assert np.isclose(np.sum(dense**2), np.sum(np.asarray(ours) ** 2), rtol=1e-10)
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(_ROUNDS):
                start = time.perf_counter()
                jax.block_until_ready(compiled({modulus: 3.0}).entries)
                times[0].append(time.perf_counter() - start)
                start = time.perf_counter()
                matrix.data[:] = 0
                fem.assemble_matrix(matrix, theirs)
                times[1].append(time.perf_counter() - start)
            mine, peer = (1e3 * statistics.median(t) for t in times)
            unknowns = compiled.size[0]
            print(
                f"{name}, {n}, {unknowns}, {first:.1f}, {mine:.2f}, {peer:.2f}, {peer / mine:.2f}"
            )


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [20])
