"""The catalogue of experiments as something to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aion_sci.display import html_table
from aion_sci.experiments import Experiment, find
from aion_sci.experiments import experiments as registered

__all__ = ["Catalogue"]

_HEADINGS = ("experiment", "parameters", "observables", "question")


class Catalogue(Mapping[str, Experiment]):
    """A mapping from id to experiment that displays as a table."""

    def __getitem__(self, experiment_id: str) -> Experiment:
        return find(experiment_id)

    def __iter__(self) -> Iterator[str]:
        return iter(registered())

    def __len__(self) -> int:
        return len(registered())

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Id, parameters, observables and summary of each experiment."""
        return [
            (
                experiment.id,
                ", ".join(p.name for p in experiment.parameters),
                ", ".join(o.label for o in experiment.observables),
                experiment.summary,
            )
            for experiment in self.values()
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{row[0]:24} {row[3]}" for row in self.rows())

    def _repr_html_(self) -> str:
        return html_table(_HEADINGS, self.rows())
