"""An evolution saves what it should, stops when it must, and resumes bit by bit."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from aion_kernels.core.checkpoint import (
    Checkpoint,
    CorruptCheckpointError,
    resume,
    save,
)
from aion_kernels.core.evolve import _next_saves, evolve
from aion_kernels.core.hooks import Hook
from aion_kernels.core.outcome import Outcome, worst
from aion_kernels.core.signals import StopOnSignal
from aion_kernels.core.stepper import Observable, Stepper


class Pendulum(Stepper):
    """Symplectic Euler for θ'' = −sin θ: nonlinear, so a single lost bit shows."""

    dt: Float[Array, ""]
    kick: float = eqx.field(static=True, default=0.0)

    def initial(self, key=None):
        return {"angle": jnp.asarray(1.0), "speed": jnp.asarray(0.0), "count": jnp.asarray(0)}

    def step(self, state):
        speed = state["speed"] - self.dt * jnp.sin(state["angle"]) + self.kick
        return {
            "angle": state["angle"] + self.dt * speed,
            "speed": speed,
            "count": state["count"] + 1,
        }

    @property
    def observables(self):
        return (
            Observable("energy", "J", lambda _, s: 0.5 * s["speed"] ** 2 - jnp.cos(s["angle"])),
            Observable("phase", "1", lambda _, s: jnp.stack([s["angle"], s["speed"]])),
            Observable("count", "1", lambda _, s: s["count"]),
        )


class Growth(Stepper):
    """Doubles each step: overflows after 1024 steps, its buffer of ten after 3."""

    capacity: int = eqx.field(static=True, default=0)

    def initial(self, key=None):
        return jnp.asarray(1.0)

    def step(self, state):
        return 2 * state

    def outcome(self, state):
        full = (state > self.capacity) if self.capacity else jnp.asarray(False)
        return worst(super().outcome(state), jnp.where(full, int(Outcome.capacity_exceeded), 0))


PENDULUM = Pendulum(jnp.asarray(0.05))
EACH_SAVE = {"chunk_seconds": 0.0}


def test_equals_a_plain_loop():
    """Bitwise: the chunked program applies the very same jitted step."""
    expected = PENDULUM.initial()
    step = eqx.filter_jit(Pendulum.step)
    for _ in range(37):
        expected = step(PENDULUM, expected)
    result = evolve(PENDULUM, PENDULUM.initial(), 37, save_every=5)
    assert jax.tree.map(float, result.state) == jax.tree.map(float, expected)
    assert result.outcome is Outcome.ok


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [
        (10, 5, [0, 5, 10]),
        (12, 5, [0, 5, 10, 12]),
        (3, 5, [0, 3]),
        (0, 5, [0]),
        (300, 1, list(range(301))),
        (1000, 400, [0, 400, 800, 1000]),
    ],
)
def test_saves_are_where_they_should_be(steps, every, expected):
    result = evolve(PENDULUM, PENDULUM.initial(), steps, save_every=every)
    assert result.steps.tolist() == expected
    assert result.observables["count"].tolist() == expected
    assert result.observables["count"].dtype == np.float64
    assert result.observables["phase"].shape == (len(expected), 2)
    assert int(result.state["count"]) == steps


def test_energy_stays_bounded():
    """Symplectic Euler's energy error oscillates with amplitude O(dt); 0.05 is dt itself."""
    energy = evolve(PENDULUM, PENDULUM.initial(), 2000, save_every=10).observables["energy"]
    assert np.ptp(energy) < 0.05


def test_initial_state_of_the_caller_survives():
    state = PENDULUM.initial()
    evolve(PENDULUM, state, 10, save_every=5)
    assert float(state["angle"]) == 1.0


def test_second_evolution_compiles_nothing():
    evolve(PENDULUM, PENDULUM.initial(), 10, save_every=5)
    again = evolve(Pendulum(jnp.asarray(0.01)), PENDULUM.initial(), 25, save_every=5)
    assert again.stats["compile_seconds"] == 0.0


def test_static_part_of_the_stepper_is_part_of_the_program():
    still = evolve(PENDULUM, PENDULUM.initial(), 10, save_every=5)
    kicked = evolve(Pendulum(jnp.asarray(0.05), kick=0.1), PENDULUM.initial(), 10, save_every=5)
    assert float(kicked.state["angle"]) > float(still.state["angle"])


def test_numpy_values_are_traced_too():
    evolve(Pendulum(np.array(0.02)), PENDULUM.initial(), 10, save_every=5)
    again = evolve(Pendulum(np.array(0.03)), PENDULUM.initial(), 10, save_every=5)
    assert again.stats["compile_seconds"] == 0.0


def test_non_finite_state_stops_and_the_last_finite_one_is_kept():
    result = evolve(Growth(), Growth().initial(), 5000, save_every=100)
    assert result.outcome is Outcome.non_finite
    assert result.steps[-1] == 1000
    assert float(result.state) == 2.0**1000


def test_overflowing_buffer_stops_with_its_own_outcome():
    result = evolve(Growth(capacity=10), Growth().initial(), 50, save_every=1)
    assert result.outcome is Outcome.capacity_exceeded
    assert float(result.state) == 8.0


def test_state_that_is_bad_from_the_start_is_not_stepped():
    result = evolve(Growth(), jnp.asarray(jnp.nan), 10, save_every=1)
    assert result.outcome is Outcome.non_finite
    assert result.steps.tolist() == [0]


@pytest.mark.parametrize(
    ("steps", "every", "message"), [(-1, 1, "steps is -1"), (1, 0, "save_every is 0")]
)
def test_malformed_request_is_named(steps, every, message):
    with pytest.raises(ValueError, match=message):
        evolve(PENDULUM, PENDULUM.initial(), steps, save_every=every)


def test_chunks_grow_while_they_are_short():
    watch = Stopwatch()
    evolve(PENDULUM, PENDULUM.initial(), 1000, save_every=1, hooks=[watch], chunk_seconds=1e9)
    # 256 saves are the most that a chunk holds.
    assert watch.events[1:10] == [1, 3, 7, 15, 31, 63, 127, 255, 511]
    assert watch.events[10:12] == [767, 1000]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.1, 16), (0.3, 8), (0.6, 4)], ids=["short", "right", "long"]
)
def test_chunks_aim_at_a_time(seconds, expected):
    assert _next_saves(8, seconds, 0.5) == expected


class Interrupt(Hook):
    """Sends this process a signal once a step is reached."""

    def __init__(self, step: int, number: int) -> None:
        self.step, self.number = step, number

    def between_chunks(self, moment):
        if moment.step >= self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_between_chunks_and_resume_is_bitwise(tmp_path: Path, number):
    path = tmp_path / "state.ckpt"
    whole = evolve(PENDULUM, PENDULUM.initial(), 2000, save_every=256)
    former = signal.getsignal(number)
    part = evolve(
        PENDULUM,
        PENDULUM.initial(),
        2000,
        save_every=256,
        hooks=[Interrupt(700, number), StopOnSignal(), Checkpoint(path, every=10_000)],
        **EACH_SAVE,
    )
    assert signal.getsignal(number) == former
    assert part.outcome is Outcome.interrupted
    assert part.steps[-1] == 768
    step, state = resume(path, like=PENDULUM.initial())
    assert step == 768
    rest = evolve(PENDULUM, state, 2000 - step, save_every=256, first_step=step)
    np.testing.assert_array_equal(np.append(part.steps, rest.steps[1:]), whole.steps)
    for name in ("energy", "phase"):
        joined = np.concatenate([part.observables[name], rest.observables[name][1:]])
        np.testing.assert_array_equal(joined, whole.observables[name])


def test_handlers_are_restored_after_an_error():
    former = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="inside"), StopOnSignal():
        raise RuntimeError("inside")
    assert signal.getsignal(signal.SIGINT) == former


def test_second_signal_acts_as_before():
    with StopOnSignal() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_need_the_main_thread():
    errors = []

    def enter():
        try:
            with StopOnSignal():
                pass
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert len(errors) == 1


class Stopwatch(Hook):
    def __init__(self):
        self.events = []

    def __enter__(self):
        self.events.append("enter")
        return self

    def __exit__(self, *_):
        self.events.append("exit")

    def between_chunks(self, moment):
        self.events.append(moment.step)

    def at_end(self, moment):
        self.events.append(("end", moment.step))


def test_hooks_are_called_in_order():
    watch = Stopwatch()
    evolve(PENDULUM, PENDULUM.initial(), 600, save_every=256, hooks=[watch], **EACH_SAVE)
    assert watch.events == ["enter", 256, 512, 600, ("end", 600), "exit"]


class TestCheckpoint:
    def test_is_written_as_often_as_asked(self, tmp_path: Path, monkeypatch):
        written = []
        monkeypatch.setattr(
            "aion_kernels.core.checkpoint.save", lambda path, step, state: written.append(step)
        )
        hook = Checkpoint(tmp_path / "c", every=600)
        evolve(PENDULUM, PENDULUM.initial(), 1500, save_every=256, hooks=[hook], **EACH_SAVE)
        assert written == [256, 1024, 1500]

    def test_every_type_of_leaf_survives(self, tmp_path: Path):
        state = {
            "half": jnp.arange(3, dtype=jnp.bfloat16),
            "single": jnp.asarray([[1.5, -0.0, jnp.nan]], jnp.float32),
            "complex": jnp.asarray([1 + 2j]),
            "flag": jnp.asarray(True),
            "empty": jnp.zeros((0, 3)),
            "key": jax.random.key(7),
            "none": None,
        }
        save(tmp_path / "c", 5, state)
        step, read = resume(tmp_path / "c", like=state)
        assert step == 5
        assert jax.tree.structure(read) == jax.tree.structure(state)
        for name in ("half", "single", "complex", "flag", "empty"):
            assert read[name].dtype == state[name].dtype
            assert np.asarray(read[name]).tobytes() == np.asarray(state[name]).tobytes()
        assert jax.random.normal(read["key"]) == jax.random.normal(state["key"])

    @pytest.mark.parametrize("position", [-1, -9])
    def test_changed_byte_is_noticed(self, tmp_path: Path, position):
        path = tmp_path / "c"
        save(path, 1, {"a": jnp.ones(4)})
        content = bytearray(path.read_bytes())
        content[position] ^= 1
        path.write_bytes(content)
        with pytest.raises(CorruptCheckpointError, match="checksum differs"):
            resume(path, like={"a": jnp.ones(4)})

    def test_truncated_file_is_noticed(self, tmp_path: Path):
        path = tmp_path / "c"
        save(path, 1, jnp.ones(4))
        path.write_bytes(path.read_bytes()[:-8])
        with pytest.raises(CorruptCheckpointError, match="checksum differs"):
            resume(path, like=jnp.ones(4))

    @pytest.mark.parametrize("content", [b"", b"\x80\x04pickle\n", b"[]\n", b'{"step": 1}\n'])
    def test_other_file_is_noticed(self, tmp_path: Path, content):
        (tmp_path / "c").write_bytes(content)
        with pytest.raises(CorruptCheckpointError, match="not a checkpoint"):
            resume(tmp_path / "c", like=jnp.ones(4))

    def test_newer_format_is_noticed(self, tmp_path: Path):
        (tmp_path / "c").write_bytes(b'{"format": 2, "sha256": ""}\n')
        with pytest.raises(CorruptCheckpointError, match="format 2"):
            resume(tmp_path / "c", like=jnp.ones(4))

    @pytest.mark.parametrize(
        ("like", "message"),
        [
            ({"b": jnp.ones(4)}, r"at \['b'\]"),
            ({"a": jnp.ones(5)}, r"float64\[5\]"),
            ({"a": jnp.ones(4, jnp.float32)}, "float32"),
            ({"a": jnp.ones(4), "b": jnp.ones(4)}, "the state has 2"),
        ],
    )
    def test_other_kind_of_state_is_named(self, tmp_path: Path, like, message):
        save(tmp_path / "c", 1, {"a": jnp.ones(4)})
        with pytest.raises(ValueError, match=message):
            resume(tmp_path / "c", like=like)

    def test_interval_is_checked(self, tmp_path: Path):
        with pytest.raises(ValueError, match="every is 0"):
            Checkpoint(tmp_path / "c", every=0)
