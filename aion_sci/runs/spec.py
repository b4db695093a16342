"""The complete description of one run as data, and its identity.

Two requests that would compute the same numbers have the same spec; two specs with the same hash
are the same run. The id is the hash of the canonical JSON of experiment, parameters, settings and
the digest of the code.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aion_sci.errors import RequestError
from aion_sci.experiments import Experiment, Point, Value
from aion_sci.runs.code import code_version

__all__ = ["RunSpec", "canonical_json", "content_hash", "file_digest"]

_ID_LENGTH = 20  # 80 bits: no collision among 10^9 runs with odds above 10^-6


def canonical_json(data: Any) -> str:
    """JSON with sorted keys and no spaces: equal data, equal text. NaN and infinity are refused."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_hash(data: Any) -> str:
    """Hexadecimal SHA-256 of the canonical JSON of ``data``."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def file_digest(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise RequestError(f"'{path}' cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class RunSpec:
    """What to compute: parameters in their declared units, settings, and the code's version."""

    experiment: str
    parameters: Mapping[str, Value]
    settings: Mapping[str, Value]
    code: str
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of what each file among the parameters held."""

    @classmethod
    def of(cls, experiment: Experiment, point: Point) -> RunSpec:
        """The spec of a validated point of an experiment, with today's code and files."""
        return cls(
            experiment=experiment.id,
            parameters={n: _normal(v) for n, v in point.parameters.items()},
            settings={n: _normal(v) for n, v in point.settings.items()},
            code=code_version(experiment),
            files={
                p.name: file_digest(path)
                for p in experiment.parameters
                if p.kind == "file" and (path := str(point.parameters[p.name]))
            },
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunSpec:
        """Read what :meth:`to_json` wrote."""
        return cls(
            data["experiment"],
            data["parameters"],
            data["settings"],
            data["code"],
            data.get("files", {}),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data, from which :meth:`from_json` makes an equal spec."""
        files = {"files": dict(self.files)} if self.files else {}
        return {
            "experiment": self.experiment,
            "parameters": dict(self.parameters),
            "settings": dict(self.settings),
            "code": self.code,
            **files,
        }

    @functools.cached_property
    def id(self) -> str:
        """The run's identity: a file counts by its content, wherever it lies."""
        content = {**self.to_json(), "parameters": {**self.parameters, **self.files}}
        return content_hash(content)[:_ID_LENGTH]

    def __hash__(self) -> int:
        return hash(self.id)


def _normal(value: Value) -> Value:
    """Minus zero is zero: they are one point of the box."""
    return 0.0 if isinstance(value, float) and value == 0.0 else value
