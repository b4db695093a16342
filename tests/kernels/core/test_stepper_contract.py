"""A sound stepper passes the contract; each way to break it fails the test that guards it."""

from __future__ import annotations

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import aion_kernels.core as core
from aion_kernels.core.stepper import Observable, Stepper
from aion_kernels.core.testing import StepperContract


class Heat(Stepper):
    """Explicit diffusion on a ring; the state carries a random key and a clock."""

    diffusivity: Float[Array, ""]
    cells: int = eqx.field(static=True, default=16)

    def initial(self, key=None):
        noise = jax.random.normal(key, (self.cells,), self.diffusivity.dtype)
        return {"heat": noise, "clock": jnp.asarray(0), "key": key}

    def step(self, state):
        heat = state["heat"]
        flux = jnp.roll(heat, 1) - 2 * heat + jnp.roll(heat, -1)
        return state | {"heat": heat + self.diffusivity * flux, "clock": state["clock"] + 1}

    @property
    def observables(self):
        return (
            Observable("total", "J", lambda _, s: jnp.sum(s["heat"])),
            Observable("squares", "J^2", lambda _, s: jnp.sum(s["heat"] ** 2)),
        )


class TestHeat(StepperContract):
    def stepper(self, dtype):
        return Heat(jnp.asarray(0.2, dtype))


class TestHeatWithoutObservables(StepperContract):
    def stepper(self, dtype):
        class Silent(Heat):
            @property
            def observables(self):
                return ()

        return Silent(jnp.asarray(0.2, dtype))


class Downcasts(Heat):
    def step(self, state):
        state = super().step(state)
        return state | {"heat": state["heat"].astype(jnp.float32)}


class AlwaysDouble(Heat):
    def initial(self, key=None):
        state = super().initial(key)
        return state | {"heat": state["heat"].astype(jnp.float64)}

    def step(self, state):
        return state


class Unlike(Heat):
    """Starts from what the process has counted so far instead of the key."""

    def initial(self, key=None):
        COUNT.append(1)
        state = super().initial(key)
        return state | {"heat": state["heat"] + len(COUNT)}


COUNT: list[int] = []


class StartsBroken(Heat):
    def initial(self, key=None):
        state = super().initial(key)
        return state | {"heat": state["heat"] * jnp.nan}


class NamesTwice(Heat):
    @property
    def observables(self):
        return super().observables * 2


class DependsOnCompilation(Heat):
    def step(self, state):
        state = super().step(state)
        traced = isinstance(state["heat"], jax.core.Tracer)
        return state | {"heat": state["heat"] + (1e-3 if traced else 0.0)}


class MixesMembers(Heat):
    def step(self, state):
        @jax.custom_batching.custom_vmap
        def mix(x):
            return x

        mix.def_vmap(lambda size, batched, x: (x[::-1], True))
        state = super().step(state)
        return state | {"heat": mix(state["heat"])}


class StopsTheGradient(Heat):
    def step(self, state):
        state = super().step(state)
        return state | {"heat": jax.lax.stop_gradient(state["heat"])}


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Downcasts, "test_step_keeps_structure_shapes_and_types"),
        (AlwaysDouble, "test_step_keeps_structure_shapes_and_types"),
        (Unlike, "test_start_is_reproducible_and_in_order"),
        (StartsBroken, "test_start_is_reproducible_and_in_order"),
        (StartsBroken, "test_observables_are_named_and_finite"),
        (NamesTwice, "test_observables_are_named_and_finite"),
        (DependsOnCompilation, "test_compiled_equals_eager"),
        (MixesMembers, "test_batch_equals_loop"),
        (StopsTheGradient, "test_gradient_matches_differences"),
    ],
)
def test_breach_is_noticed(kind, test):
    class Contract(StepperContract):
        def stepper(self, dtype):
            return kind(jnp.asarray(0.2, dtype))

    with pytest.raises(AssertionError):
        getattr(Contract(), test)()


def test_lost_bit_on_resume_is_noticed(tmp_path: Path, monkeypatch):
    from aion_kernels.core import testing

    def lossy(path, *, like):
        step, state = core.resume(path, like=like)
        return step, state | {"heat": state["heat"] * (1 + 1e-15)}

    monkeypatch.setattr(testing, "resume", lossy)
    with pytest.raises(AssertionError):
        TestHeat().test_resume_is_bitwise(tmp_path)


def test_public_names_exist_and_are_sorted():
    assert core.__all__ == sorted(core.__all__)
    assert all(hasattr(core, name) for name in core.__all__)
    assert np.isfinite(core.Estimate(1.0).error)
