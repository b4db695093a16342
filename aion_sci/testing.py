"""What every experiment owes, as tests to inherit.

An experiment proves its own numbers against published ones; this class proves what the rest of the
workbench relies on. In a test module:

    class TestHeatedCavity(ExperimentContract):
        id = "cfd.heated_cavity"
        settings = {"resolution": 32}
        points = ({"rayleigh": 1e3}, {"rayleigh": 1e4})

Each point is one where the experiment is at home: it has to end as ``ok`` at ``settings``. Nothing
of pytest is needed to define the tests. Where one is slow, override it with a mark of your own:

        @pytest.mark.slow
        def test_references_are_met(self, tmp_path):
            super().test_references_are_met(tmp_path)

The gradient is compared with a central difference of fourth order,

    f'(x) ≈ (8 [f(x+h) − f(x−h)] − [f(x+2h) − f(x−2h)]) / 12h,   h = ε^(1/5) s,

whose truncation and round-off balance near 1e-11 of f/s for a smooth f on the scale s of x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from aion_sci.errors import BoundsError, RequestError, UnitError, UnknownNameError
from aion_sci.execution import LocalExecutor
from aion_sci.experiments import Experiment, Measured, Parameter, Value, find
from aion_sci.experiments.evaluation import evaluation, whole_batch
from aion_sci.runs.record import Record
from aion_sci.runs.runner import run_study
from aion_sci.runs.spec import RunSpec
from aion_sci.runs.study import Study

__all__ = ["ExperimentContract"]

_STEP = float(np.finfo(np.float64).eps) ** 0.2
_STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))


_Static = tuple[tuple[str, Value], ...]


class ExperimentContract:
    """Inherit, name the subclass ``Test...``, and set :attr:`id`."""

    id: ClassVar[str]
    """The experiment's id in the catalogue."""
    settings: ClassVar[Mapping[str, Value]] = {}
    """Numerical settings, best cheap ones; what is not named takes its default."""
    points: ClassVar[Sequence[Mapping[str, Value]]] = ({},)
    """Parameters of the points to test at, inside their boxes."""
    round_off: ClassVar[float] = 1e-9
    """Relative difference allowed, beside the solver's error, between ways to compile."""
    gradient_tolerance: ClassVar[float] = 1e-6
    """Error allowed in a derivative, relative to it or to f/s; an iterative solver limits it."""
    referee_tolerance: ClassVar[float] = 1e-6
    """Relative difference from the referee engine allowed beside the error bars of both."""

    @property
    def experiment(self) -> Experiment:
        """The experiment under test."""
        return find(self.id)

    # -- the declaration --------------------------------------------------------------------------

    def test_datasheet_tells_equation_limits_and_source(self) -> None:
        """A planner chooses by it: a summary, an equation, when it fails, and where to read on."""
        sheet = self.experiment.datasheet
        assert self.experiment.summary, "the datasheet has no first line"
        assert any(sign in sheet for sign in "=∂∇≈"), "the datasheet has no equation"
        assert "fails" in sheet.lower(), "the datasheet does not say when it fails"
        assert any(word in sheet.lower() for word in ("doi", "reference", "http", "exact")), (
            "the datasheet names no source"
        )

    def test_everything_declared_is_described(self) -> None:
        """Each parameter, observable and field has a description, each number a box."""
        chosen = self.experiment
        for declared in (*chosen.parameters, *chosen.observables, *chosen.fields):
            assert declared.description, f"{declared.name} has no description"
        for parameter in chosen.parameters:
            if parameter.numeric:
                box = (parameter.low, parameter.high)
                assert None not in box, f"{parameter.name} has the box {box}"

    def test_results_are_those_declared(self) -> None:
        """Every observable a scalar; fields all or none, of the declared dimensions."""
        chosen = self.experiment
        numbers, static = self._arguments(self.points[0])
        shapes = evaluation(chosen, static).shapes(numbers)
        declared = {o.name for o in chosen.given(shapes.observables)}
        assert set(shapes.observables) == declared, f"it gives {sorted(shapes.observables)}"
        for name, shape in shapes.observables.items():
            assert shape.shape == (), f"{name} has shape {shape.shape}"
        for bars in (shapes.solver, shapes.sampling):
            assert set(bars) <= set(shapes.observables), f"an error bar of no observable: {bars}"
        assert set(shapes.fields) in ({f.name for f in chosen.fields}, set())
        sizes: dict[str, int] = {}
        for field in chosen.fields:
            if field.name in shapes.fields:
                shape = shapes.fields[field.name].shape
                assert len(shape) == len(field.dims), f"{field.name} has shape {shape}"
                for dimension, size in zip(field.dims, shape, strict=True):
                    assert sizes.setdefault(dimension, size) == size, f"{dimension} varies"

    # -- the request ------------------------------------------------------------------------------

    def test_what_is_outside_the_box_is_refused(self) -> None:
        """Each bound of each number, and beyond it."""
        for parameter in self._numeric():
            for bound, outside in ((parameter.low, -1.0), (parameter.high, 1.0)):
                if bound is not None:
                    beyond = bound + outside * max(1.0, abs(bound))
                    self._refused({parameter.name: beyond}, BoundsError)

    def test_units_and_names_are_checked(self) -> None:
        """A wrong dimension, an unknown unit, a misspelt name and what is no number."""
        for parameter in self._numeric():
            self._refused({parameter.name: "1 candela^7"}, UnitError)
            self._refused({parameter.name: "1 nosuchunit"}, UnitError)
            self._refused({parameter.name: "no number"}, RequestError)
        self._refused({"no_such_parameter": 1.0}, UnknownNameError)

    # -- the function -----------------------------------------------------------------------------

    def test_compiled_equals_eager(self) -> None:
        """XLA may reorder a sum: equal to round-off, or within what the solver left over.

        A batched experiment compiles for itself.
        """
        import jax

        if self.experiment.batched:
            return
        for point in self.points:
            numbers, static = self._arguments(point)
            programs = evaluation(self.experiment, static)
            eager = programs.member(jax.tree.map(jax.numpy.asarray, numbers))
            self._assert_equal(programs.alone(numbers), eager)

    def test_batch_equals_loop(self) -> None:
        """The members of a batch know nothing of each other."""
        import jax

        numbers, static = self._arguments(self.points[0])
        others = [self._arguments(point) for point in self.points[1:]]
        members = [numbers, *(n for n, s in others if s == static)]
        if len(members) == 1:
            members.append(self._moved(numbers))

        programs = evaluation(self.experiment, static)
        together = programs.batch(_stacked(members))
        for row, alone in enumerate(map(programs.alone, members)):
            self._assert_equal(jax.tree.map(lambda leaf, i=row: leaf[i], together), alone)

    def test_gradients_are_those_of_the_differences(self) -> None:
        """Every observable by every continuous parameter: finite, and right.

        A batched experiment is not traced as a whole; its kernels' tests see to its derivatives.
        """
        if self.experiment.batched:
            return
        continuous = [p for p in self.experiment.parameters if p.kind == "number"]
        for point in self.points:
            numbers, static = self._arguments(point)

            programs = evaluation(self.experiment, static)
            slopes = programs.slopes(numbers)
            around = programs.batch(_stacked([numbers, *self._stencils(numbers, continuous)]))
            for name, column in around.observables.items():
                for index, parameter in enumerate(continuous):
                    scale = _scale(parameter, float(numbers[parameter.name]))
                    first = 1 + index * len(_STENCIL)
                    terms = zip(_STENCIL, column[first : first + len(_STENCIL)], strict=True)
                    expected = sum(w * float(f) for (_, w), f in terms) / (_STEP * scale)
                    found = float(slopes[name][parameter.name])
                    size = max(abs(expected), abs(float(column[0])) / scale)
                    assert np.isfinite(found), f"∂{name}/∂{parameter.name} is {found} at {point}"
                    assert abs(found - expected) <= self.gradient_tolerance * size, (
                        f"∂{name}/∂{parameter.name} is {found}, by differences {expected}"
                    )

    def test_float32_stays_float32(self) -> None:
        """The precision asked for is that of every result: nothing is widened on the way.

        A batched experiment may ask an engine that knows one precision.
        """
        if self.experiment.batched:
            return
        numbers, static = self._arguments(self.points[0])
        single = {
            name: number.astype(np.float32) if number.dtype.kind == "f" else number
            for name, number in numbers.items()
        }
        shapes = evaluation(self.experiment, static).shapes(single)
        for group in (shapes.observables, shapes.fields):
            for name, shape in group.items():
                assert shape.dtype != np.float64, f"{name} is {shape.dtype} from float32"

    def test_not_a_number_is_never_ok(self) -> None:
        """Whatever made the input not a number, the run must not look like a result."""
        from aion_kernels.core.ensemble import ensemble
        from aion_kernels.core.outcome import Outcome
        from aion_kernels.core.solution import Solution
        from aion_kernels.invalid import InvalidInputError

        numbers, static = self._arguments(self.points[0])
        spoilt = {n: v * np.nan if v.dtype.kind == "f" else v for n, v in numbers.items()}
        if not any(value.dtype.kind == "f" for value in numbers.values()):
            return

        if self.experiment.batched:
            try:
                ended = evaluation(self.experiment, static).member(spoilt).outcome
            except InvalidInputError:
                return
            assert ended != Outcome.ok, "from not-a-number it makes a result"
            return

        def solve(numbers: Any) -> Solution:
            measured = evaluation(self.experiment, static).member(numbers)
            return Solution(dict(measured.observables), measured.outcome, {})

        solved = ensemble(solve, {name: value[None] for name, value in spoilt.items()})
        assert solved.outcome[0] != Outcome.ok, f"from not-a-number it makes {solved.value}"

    # -- the run ----------------------------------------------------------------------------------

    def test_points_are_results_and_a_second_time_they_are_cached(self, tmp_path: Path) -> None:
        """Each reading is finite with a finite error bar; the store then answers alone."""
        first = self._run(tmp_path, self.settings)
        for record in first:
            assert record.ok, f"{record.spec.parameters}: {record.outcome}: {record.message}"
            for name, reading in record.observables.items():
                assert np.isfinite(reading.value), f"{name} is {reading.value}"
                assert np.isfinite(reading.error), f"the error of {name} is {reading.error}"
        again = self._run(tmp_path, self.settings)
        assert all(record.cached for record in again)
        assert [r.observables for r in again] == [r.observables for r in first]

    def test_error_bars_cover_the_next_finer_grid(self, tmp_path: Path) -> None:
        """A run at twice the resolution is a result too and lies within the error bars."""
        ladder = self.experiment.fidelity
        if ladder is None:
            return
        coarse = int(self.settings.get(ladder.name, ladder.default))
        if 2 * coarse > ladder.high:
            return
        finer = self._run(tmp_path, {**self.settings, ladder.name: 2 * coarse})
        for ours, theirs in zip(self._run(tmp_path, self.settings), finer, strict=True):
            for name, reading in ours.observables.items():
                better = theirs.observables[name]
                assert better.outcome == "ok", f"{name} is {better.outcome} at {2 * coarse}"
                allowed = reading.error + min(reading.error, better.error)
                assert abs(reading.value - better.value) <= allowed, (
                    f"{name} is {reading.value} ± {reading.error} at {coarse} and "
                    f"{better.value} ± {better.error} at {2 * coarse} for {ours.spec.parameters}"
                )

    def test_references_are_met(self, tmp_path: Path) -> None:
        """The published values that the experiment declares, at its default settings."""
        chosen = self.experiment
        if not chosen.references:
            return
        study = Study.explicit(self.id, [reference.request for reference in chosen.references])
        records = {r.run_id: r for r in run_study(study, tmp_path, LocalExecutor())}
        for reference in chosen.references:
            record = records[RunSpec.of(chosen, chosen.bind(reference.request)).id]
            reading = record.observables[reference.observable]
            assert reading.outcome == "ok", f"{reference.request}: {reading.outcome}"
            difference = abs(reading.value - reference.value)
            assert difference <= reference.tolerance * abs(reference.value), (
                f"{reference.observable} is {reading.value} at {reference.request}, "
                f"{reference.source} has {reference.value}"
            )

    def test_the_referee_agrees(self, tmp_path: Path) -> None:
        """The independent engine measures the same at every point, within both error bars."""
        referee = self.experiment.referee
        if referee is None:
            return
        for point, record in zip(self.points, self._run(tmp_path, self.settings), strict=True):
            numbers, static = self._arguments(point)
            arguments = {**{n: v[None] for n, v in numbers.items()}, **dict(static)}
            theirs = whole_batch(referee.function(**arguments), 1)
            assert set(theirs.observables) == set(record.observables)
            for name, reading in record.observables.items():
                value = float(theirs.observables[name][0])
                bars = (float(b.get(name, [0.0])[0]) for b in (theirs.solver, theirs.sampling))
                allowed = self.referee_tolerance * abs(value) + reading.error + sum(bars)
                assert abs(reading.value - value) <= allowed, (
                    f"{name} is {reading.value} ± {reading.error} at {point}, "
                    f"{referee.engine} has {value}"
                )

    # -- how --------------------------------------------------------------------------------------

    def _arguments(self, point: Mapping[str, Value]) -> tuple[dict[str, Any], _Static]:
        """The numbers of a point as arrays without dimensions, and what is not traced."""
        bound = self.experiment.bind({**point, **self.settings})
        given = {**bound.parameters, **bound.settings}
        traced = {p.name: p.kind for p in self.experiment.traced}
        numbers = {
            name: np.asarray(given[name], np.float64 if kind == "number" else np.int64)
            for name, kind in traced.items()
        }
        apart = {"precision", *traced}
        return numbers, tuple(item for item in given.items() if item[0] not in apart)

    def _numeric(self) -> list[Parameter]:
        return [p for p in self.experiment.parameters if p.numeric]

    def _refused(self, change: Mapping[str, Value], error: type[RequestError]) -> None:
        try:
            self.experiment.bind({**self.points[0], **change})
        except error:
            return
        raise AssertionError(f"{change} is accepted; {error.__name__} was due")

    def _moved(self, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Another member: every continuous parameter a hundredth of its scale away."""
        moved = dict(numbers)
        for parameter in self.experiment.parameters:
            if parameter.kind == "number":
                value = numbers[parameter.name]
                moved[parameter.name] = value + 0.01 * _scale(parameter, float(value))
        return moved

    def _stencils(
        self, numbers: Mapping[str, Any], continuous: Sequence[Parameter]
    ) -> list[dict[str, Any]]:
        return [
            {**numbers, p.name: value + offset * _STEP * _scale(p, float(value))}
            for p in continuous
            for value in [numbers[p.name]]
            for offset, _ in _STENCIL
        ]

    def _assert_equal(self, found: Measured, expected: Measured) -> None:
        assert int(found.outcome) == int(expected.outcome)
        for name, value in expected.observables.items():
            leftover = sum(float(abs(m.solver.get(name, 0.0))) for m in (found, expected))
            allowed = self.round_off * abs(float(value)) + leftover
            difference = abs(float(found.observables[name]) - float(value))
            assert difference <= allowed, f"{name} differs by {difference}, allowed {allowed}"

    def _run(self, root: Path, settings: Mapping[str, Value]) -> list[Record]:
        study = Study.explicit(self.id, [{**point, **settings} for point in self.points])
        return run_study(study, root, LocalExecutor())


def _scale(parameter: Parameter, value: float) -> float:
    """The length on which an observable may vary: the value, or a share of the box around zero."""
    if value != 0:
        return abs(value)
    return 0.01 * ((parameter.high or 1.0) - (parameter.low or 0.0))


def _stacked(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: np.stack([member[name] for member in members]) for name in members[0]}
