"""Records as a labelled dataset: one variable an observable, one dimension a swept parameter.

Beside each observable stands its combined error as ``<name>_error``; units are in the attributes. A
reading that is no result (unresolved, not converged) is NaN here and a warning says how many there
are; its numbers and the reason stay in the run folder.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment, Observable, Value
from aion_sci.runs.record import Record

if TYPE_CHECKING:
    import numpy as np
    import xarray

__all__ = ["InvalidReadingWarning", "as_dataset", "with_fields"]


class InvalidReadingWarning(UserWarning):
    """Some readings are not results and were left out of a dataset."""


def as_dataset(
    experiment: Experiment, records: Sequence[Record], swept: Sequence[str]
) -> xarray.Dataset:
    """Arrange records over the grid of the ``swept`` parameters and settings, in that order."""
    import numpy as np
    import xarray

    axes = {name: _distinct(_given(r)[name] for r in records) for name in swept}
    shape = tuple(len(values) for values in axes.values())
    columns: dict[str, np.ndarray] = {}
    observables = experiment.given({name: None for r in records for name in r.observables})
    for observable in observables:
        columns[observable.name] = np.full(shape, np.nan)
        columns[f"{observable.name}_error"] = np.full(shape, np.nan)
    columns["outcome"] = np.full(shape, "", dtype=object)
    columns["run_id"] = np.full(shape, "", dtype=object)

    invalid = 0
    for record in records:
        cell = tuple(values.index(_given(record)[name]) for name, values in axes.items())
        columns["outcome"][cell] = record.outcome
        columns["run_id"][cell] = record.run_id
        for observable in observables:
            reading = record.result(observable.name)
            if reading is None:
                invalid += 1
                continue
            columns[observable.name][cell] = reading.value
            columns[f"{observable.name}_error"][cell] = reading.error
    if invalid:
        total = len(records) * len(observables)
        warnings.warn(
            f"{invalid} of {total} readings are not results and are NaN here; "
            "`outcome` and the run folders say why",
            InvalidReadingWarning,
            stacklevel=3,
        )

    dataset = xarray.Dataset(attrs=_fixed(experiment, records[0], swept))
    for name, values in axes.items():
        dataset[name] = (name, np.array(values), {"units": experiment.parameter(name).unit})
    for name, column in columns.items():
        array = column.astype(str) if column.dtype == object else column
        dataset[name] = (tuple(axes), array, _attributes(observables, name))
    return dataset


def with_fields(
    dataset: xarray.Dataset, records: Sequence[Record], swept: Sequence[str]
) -> xarray.Dataset:
    """The dataset with each run's fields added, the swept parameters as leading dimensions.

    Raises :class:`~aion_sci.errors.RequestError` when the fields differ in shape or stand at
    different places, as they do over a sweep of the resolution.
    """
    import xarray

    from aion_sci.runs.folder import load_fields

    loaded = [load_fields(record) for record in records]
    labelled = [
        fields.expand_dims({name: [_given(record)[name]] for name in swept})
        for record, fields in zip(records, loaded, strict=True)
    ]
    try:
        # Each run's fields carry its own id, which `run_id` of the dataset holds already.
        combined = xarray.combine_by_coords(labelled, join="exact", combine_attrs="drop_conflicts")
    except ValueError as error:
        raise RequestError(
            f"the fields differ in shape or place over {', '.join(swept)}; run each alone, or read "
            "them one by one from the run folders"
        ) from error
    return dataset.merge(combined)


def _given(record: Record) -> Mapping[str, Value]:
    return {**record.spec.parameters, **record.spec.settings}


def _distinct(values: Any) -> list[Value]:
    return list(dict.fromkeys(values))


def _fixed(experiment: Experiment, record: Record, swept: Sequence[str]) -> dict[str, Any]:
    given = {name: value for name, value in _given(record).items() if name not in swept}
    return {"experiment": experiment.id, "code": record.spec.code, **given}


def _attributes(observables: Sequence[Observable], name: str) -> dict[str, str]:
    for observable in observables:
        if name == observable.name:
            text = observable.description or observable.name
            return {"units": observable.unit, "long_name": text}
        if name == f"{observable.name}_error":
            return {"units": observable.unit, "long_name": f"error of {observable.name}"}
    return {}
