"""Small experiments with known answers, as another distribution would bring them.

    decay     dA/dt = −r A by the trapezoidal rule, second order; A(t) = exp(−r t)
    walk      the mean of normal numbers: sampling error only, one random stream a seed
    area      of a regular polygon or a disc: choices, integers and texts, no ladder
    fragile   √(1 − x) and 1/x with a solver that gives up: NaN above 1, not converged below 0.1
    rough     a value that converges at order 0.4 where 2 is declared
    chain     normal modes of masses between springs: a batched one with a file and a referee
    heavy     a loop long enough for a signal or a kill to arrive in it

All but fragile, rough and heavy are exact to round-off or to their error bars. What fails, and
when, is named above; nothing else does.
"""

from __future__ import annotations

from aion_sci.experiments import (
    Field,
    Ladder,
    Measured,
    Observable,
    Parameter,
    Referee,
    Reference,
    experiment,
)


@experiment(
    id="sample.decay",
    parameters=[
        Parameter("rate", "1/s", "decay constant r", 0.1, 10.0, 1.0, scale="log"),
        Parameter("time", "s", "when to look", 0.0, 10.0, 1.0),
    ],
    observables=[
        Observable("remaining", "1", "share that is left"),
        Observable("lost", "percent", "share that has decayed"),
    ],
    fields=[
        Field("instant", ("instant",), "s", "time of each step"),
        Field("amount", ("instant",), "1", "share that is left at each step"),
    ],
    references=[
        Reference({"rate": 1.0, "time": 1.0}, "remaining", 0.36787944117144233, 1e-5, "exp(-1)"),
    ],
    fidelity=Ladder("steps", default=32, low=8, high=4096, order=2.0, description="time steps"),
    cost=lambda settings: 1e-6 * float(settings["steps"]),
)
def decay(rate, time, *, steps):
    import jax.numpy as jnp

    step = rate * time / steps
    factor = (1 - step / 2) / (1 + step / 2)
    amount = factor ** jnp.arange(steps + 1, dtype=factor.dtype)
    remaining = amount[-1]
    return Measured(
        {"remaining": remaining, "lost": 100 * (1 - remaining)},
        fields={
            "instant": time * jnp.arange(steps + 1, dtype=factor.dtype) / steps,
            "amount": amount,
        },
    )


@experiment(
    id="sample.walk",
    parameters=[Parameter("drift", "m", "expected value", -10.0, 10.0, 0.0)],
    observables=[Observable("mean", "m", "mean of 256 steps of unit variance")],
    seeded=True,
)
def walk(drift, *, seed):
    import jax

    steps = drift + jax.random.normal(jax.random.key(seed), (256,), drift.dtype)
    return Measured({"mean": steps.mean()}, sampling={"mean": steps.std() / 16})


@experiment(
    id="sample.area",
    parameters=[
        Parameter("radius", "m", "of the circle around it", 0.1, 10.0, 1.0),
        Parameter("sides", "1", "of the polygon", 3, 100, 4, kind="integer"),
        Parameter("shape", "1", "what it is", default="polygon", kind="choice",
                  choices=("disc", "polygon")),
        Parameter("label", "1", "any text", default="O2:1,N2:3.76", kind="text"),
    ],
    observables=[Observable("area", "m^2", "its area")],
)  # fmt: skip
def area(radius, sides, shape, label):
    import jax.numpy as jnp

    if shape == "disc":
        return Measured({"area": jnp.pi * radius**2})
    corners = sides.astype(radius.dtype)
    return Measured({"area": corners / 2 * radius**2 * jnp.sin(2 * jnp.pi / corners)})


@experiment(
    id="sample.fragile",
    parameters=[Parameter("x", "1", "where", 0.01, 2.0, 0.5)],
    observables=[
        Observable("root", "1", "√(1 − x)"),
        Observable("inverse", "1", "1/x, from a solver with an error of 1e-3"),
    ],
)
def fragile(x):
    import jax.numpy as jnp

    from aion_kernels.core.outcome import Outcome

    outcome = jnp.where(x < 0.1, int(Outcome.not_converged), int(Outcome.ok))
    values = {"root": jnp.sqrt(1 - x), "inverse": 1 / x}
    return Measured(values, outcome=outcome, solver={"inverse": 1e-3})


@experiment(
    id="sample.rough",
    parameters=[Parameter("height", "m", "the limit", 0.0, 10.0, 1.0)],
    observables=[
        Observable("smooth", "m", "second order, as declared"),
        Observable("edge", "m", "order 0.4 only"),
    ],
    fidelity=Ladder("resolution", default=32, order=2.0),
)
def rough(height, *, resolution):
    cell = 1.0 / resolution
    return Measured({"smooth": height + 0.5 * cell**2, "edge": height + cell**0.4})


def _masses(file):
    """Masses in kg, one a line; three of 1 kg where there is no file."""
    import numpy as np

    from aion_kernels.invalid import InvalidInputError

    masses = np.loadtxt(file, ndmin=1) if file else np.ones(3)
    if np.any(masses <= 0):
        raise InvalidInputError(f"a mass is {masses.min():g} kg; every mass has to be above 0")
    return masses


def _springs(masses):
    """Stiffness matrix of a chain between two walls, in units of one spring."""
    import numpy as np

    beside = np.ones(len(masses) - 1)
    return 2 * np.eye(len(masses)) - np.diag(beside, 1) - np.diag(beside, -1)


def chain_by_powers(stiffness, file):
    """The referee: roots of the characteristic polynomial."""
    import numpy as np

    masses = _masses(file)
    roots = np.sort(np.roots(np.poly(_springs(masses) / masses[:, None])).real)
    return _modes(np.sqrt(stiffness[:, None] * roots))


def _modes(frequencies):
    modes = {f"frequency_{i + 1}": column for i, column in enumerate(frequencies.T)}
    return Measured({**modes, "highest": frequencies[:, -1]})


@experiment(
    id="sample.chain",
    parameters=[
        Parameter("stiffness", "N/m", "of each spring", 0.1, 10.0, 1.0),
        Parameter("file", "1", "masses in kg, one a line", default="", kind="file"),
    ],
    observables=[
        Observable("frequency", "rad/s", "of each normal mode", numbered=True),
        Observable("highest", "rad/s", "of the fastest mode"),
    ],
    batched=True,
    referee=Referee("NumPy's polynomials", chain_by_powers),
)
def chain(stiffness, file):
    """ω² are the eigenvalues of K/m; fails where a mass is not positive; exact."""
    import numpy as np

    masses = _masses(file)
    scaled = _springs(masses) / np.sqrt(np.outer(masses, masses))
    return _modes(np.sqrt(stiffness[:, None] * np.linalg.eigvalsh(scaled)))


@experiment(
    id="sample.heavy",
    parameters=[Parameter("rounds", "1", "iterations of its loop", 1, 1e9, 1000, kind="integer")],
    observables=[Observable("angle", "1", "fixed point of the cosine, 0.739085133215")],
)
def heavy(rounds):
    import jax.numpy as jnp
    from jax import lax

    # An array of 4 MB alive makes every member a chunk of its own; it adds nothing but zero.
    ballast = jnp.full(500_000, rounds).astype(float)
    angle = lax.fori_loop(0, rounds, lambda _, a: jnp.cos(a), 0.5 + 0.0 * ballast[0])
    return Measured({"angle": angle})
