"""The contract of an experiment, and the catalogue."""

from aion_sci.experiments.contract import (
    Experiment,
    Field,
    Ladder,
    Measured,
    Observable,
    Parameter,
    Point,
    Referee,
    Reference,
    Value,
    experiment,
)
from aion_sci.experiments.registry import experiments, find

__all__ = [
    "Experiment",
    "Field",
    "Ladder",
    "Measured",
    "Observable",
    "Parameter",
    "Point",
    "Referee",
    "Reference",
    "Value",
    "experiment",
    "experiments",
    "find",
]
