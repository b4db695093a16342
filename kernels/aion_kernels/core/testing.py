"""What every stepper owes, as tests to inherit.

A physics proves its own numbers; this class proves what the rest of the workbench relies on. In a
test module:

    class TestBurgers(StepperContract):
        def stepper(self, dtype):
            return Burgers(viscosity=jnp.asarray(0.1, dtype), ...)

The tests need pytest to be collected and nothing of it to be defined.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from aion_kernels.core.checkpoint import resume, save
from aion_kernels.core.compare import largest_difference
from aion_kernels.core.evolve import evolve
from aion_kernels.core.outcome import Outcome
from aion_kernels.core.stepper import Stepper
from aion_kernels.core.verify import check_batch_equals_loop, check_gradient

__all__ = ["StepperContract"]


class StepperContract(ABC):
    """Inherit, name the subclass ``Test...``, and give :meth:`stepper`."""

    dtypes: ClassVar[tuple[Any, ...]] = (jnp.float64, jnp.float32)
    """Precisions that the physics offers."""
    steps: ClassVar[int] = 3
    """Steps taken in each test."""
    round_off: ClassVar[float] = 1e-11
    """Relative difference allowed between ways to compile, which may reorder sums."""
    gradient_tolerance: ClassVar[float] = 1e-6
    """Relative error of the gradient, limited by the differences that it is compared with."""

    @abstractmethod
    def stepper(self, dtype: Any) -> Stepper:
        """A small stepper, its traced leaves of ``dtype``, that stays in order for a few steps."""

    def test_step_keeps_structure_shapes_and_types(self) -> None:
        for dtype in self.dtypes:
            stepper = self.stepper(dtype)
            state = _initial(stepper)
            following = stepper.step(state)
            assert jax.tree.structure(following) == jax.tree.structure(state)
            for before, after in zip(*map(jax.tree.leaves, (state, following)), strict=True):
                assert after.shape == before.shape
                assert after.dtype == before.dtype
                if jnp.issubdtype(before.dtype, jnp.floating):
                    assert before.dtype == dtype, "the state is not of the precision asked for"

    def test_start_is_reproducible_and_in_order(self) -> None:
        stepper = self.stepper(self.dtypes[0])
        first, second = _initial(stepper), _initial(stepper)
        assert largest_difference(first, second) == 0.0
        assert int(stepper.outcome(first)) == Outcome.ok
        assert int(stepper.outcome(self._run(stepper))) == Outcome.ok

    def test_observables_are_named_and_finite(self) -> None:
        stepper = self.stepper(self.dtypes[0])
        names = [observable.name for observable in stepper.observables]
        assert len(set(names)) == len(names)
        for observable in stepper.observables:
            value = observable.measure(stepper, _initial(stepper))
            assert np.all(np.isfinite(value)), observable.name

    def test_compiled_equals_eager(self) -> None:
        stepper = self.stepper(self.dtypes[0])
        state = _initial(stepper)
        compiled = eqx.filter_jit(lambda s, x: s.step(x))(stepper, state)
        assert largest_difference(compiled, stepper.step(state)) <= self.round_off

    def test_batch_equals_loop(self) -> None:
        """Members differ by a percent in every traced value."""
        moving, fixed = eqx.partition(self.stepper(self.dtypes[0]), eqx.is_inexact_array)
        factors = (0.99, 1.0, 1.01)
        batch = jax.tree.map(lambda leaf: jnp.stack([leaf * f for f in factors]), moving)
        assert jax.tree.leaves(batch), "the stepper has no traced value to batch over"

        def run(member: PyTree) -> PyTree:
            return self._run(eqx.combine(member, fixed))

        assert check_batch_equals_loop(run, batch) <= self.round_off

    def test_gradient_matches_differences(self) -> None:
        """Of all observables, or of the state where there are none, to every traced value."""
        moving, fixed = eqx.partition(self.stepper(self.dtypes[0]), eqx.is_inexact_array)

        def measure(member: PyTree) -> PyTree:
            stepper = eqx.combine(member, fixed)
            state = self._run(stepper)
            measured = [o.measure(stepper, state) for o in stepper.observables]
            return eqx.filter(measured or state, eqx.is_inexact_array)

        assert check_gradient(measure, moving) <= self.gradient_tolerance

    def test_resume_is_bitwise(self, tmp_path: Path) -> None:
        stepper = self.stepper(self.dtypes[0])
        state = _initial(stepper)
        whole = evolve(stepper, state, 2 * self.steps, save_every=self.steps)
        half = evolve(stepper, state, self.steps, save_every=self.steps)
        save(tmp_path / "state", self.steps, half.state)
        step, state = resume(tmp_path / "state", like=state)
        rest = evolve(stepper, state, self.steps, save_every=self.steps, first_step=step)
        assert rest.steps[-1] == whole.steps[-1]
        assert largest_difference(rest.state, whole.state) == 0.0
        for name, values in whole.observables.items():
            np.testing.assert_array_equal(rest.observables[name][-1], values[-1])

    def _run(self, stepper: Stepper) -> PyTree:
        state = _initial(stepper)
        for _ in range(self.steps):
            state = stepper.step(state)
        return state


def _initial(stepper: Stepper) -> PyTree:
    return stepper.initial(jax.random.key(0))
