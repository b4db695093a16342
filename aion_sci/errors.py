"""Everything that can go wrong, as a tree.

    AionError
    ├── RequestError             the user's request was wrong           (exit code 2)
    │   ├── UnknownNameError     a name that does not exist; the nearest one is suggested
    │   ├── UnitError            an unknown unit or the wrong dimension
    │   ├── BoundsError          a value outside its box
    │   ├── QuestionError        a question file that cannot be read (file and line)
    │   └── SettingError         a setting with a wrong value, and where it came from
    ├── StoreError               the knowledge store cannot be used     (exit code 2)
    │   ├── StoreUnwritableError
    │   ├── StoreVersionError    written by a newer version
    │   ├── StoreLockedError     another coordinator holds it
    │   ├── CorruptRunError      a run folder does not match its COMMIT
    │   ├── ConflictingRunError  two committed attempts of one run disagree
    │   ├── CorruptClaimError    a claim's content does not match its id
    │   ├── CorruptLogError      a campaign's log does not match its hash chain
    │   └── TranscriptError      a language model's transcript lacks or belies an answer
    ├── CampaignError            an event that a campaign's rules forbid (exit code 1)
    ├── RunFailedError           a simulation ended with a bad outcome  (exit code 1)
    ├── EnvironmentUnfitError    a canary failed: this machine computes wrong numbers (exit code 1)
    └── StoppedError             a signal arrived; resumable            (exit code 75)
        └── ModelPausedError     no usable answer of a language model; resumable

A message says what, which value, which bound, and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = [
    "AionError",
    "BoundsError",
    "CampaignError",
    "ConflictingRunError",
    "CorruptClaimError",
    "CorruptLogError",
    "CorruptRunError",
    "EnvironmentUnfitError",
    "ModelPausedError",
    "QuestionError",
    "RequestError",
    "RunFailedError",
    "SettingError",
    "StoppedError",
    "StoreError",
    "StoreLockedError",
    "StoreUnwritableError",
    "StoreVersionError",
    "TranscriptError",
    "UnitError",
    "UnknownNameError",
]


class AionError(Exception):
    """Base of every error that AION raises on purpose."""

    exit_code = 1


class RequestError(AionError):
    """The request was wrong; nothing was run."""

    exit_code = 2


class UnknownNameError(RequestError):
    """A name that does not exist.

    The message names the nearest existing one and lists the choices when they are few.
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        self.kind, self.name, self.choices = kind, name, sorted(choices)
        super().__init__(self._message())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.kind, self.name, self.choices)  # it may travel from a worker

    def _message(self) -> str:
        near = get_close_matches(self.name, self.choices, n=1, cutoff=0.5)
        message = f"unknown {self.kind} '{self.name}'"
        if near:
            return f"{message}; did you mean '{near[0]}'?"
        if not self.choices:
            return f"{message}; there is none"
        if len(self.choices) <= 20:
            return f"{message}; choose from: {', '.join(self.choices)}"
        return message


class UnitError(RequestError):
    """An unknown unit, or a unit of the wrong dimension."""


class BoundsError(RequestError):
    """A value outside the box in which the experiment is valid."""


class QuestionError(RequestError):
    """A question that cannot be read or makes no sense."""

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        self.file, self.line = file, line
        where = "" if file is None else f"{file}:{line}: " if line is not None else f"{file}: "
        super().__init__(where + message)


class SettingError(RequestError):
    """A setting whose value cannot be used."""


class StoreError(AionError):
    """The knowledge store cannot be used as it is."""

    exit_code = 2


class StoreUnwritableError(StoreError):
    """The store's folder cannot be written."""


class StoreVersionError(StoreError):
    """The store was written by a newer version of AION."""


class StoreLockedError(StoreError):
    """Another coordinator is writing to this store."""


class CorruptRunError(StoreError):
    """A run folder's files do not match its COMMIT."""


class ConflictingRunError(StoreError):
    """Two committed attempts of one run disagree by more than their solvers allow."""


class CorruptClaimError(StoreError):
    """A claim's content does not match its id: the file was damaged or edited."""


class CorruptLogError(StoreError):
    """A campaign's log does not match its hash chain."""


class TranscriptError(StoreError):
    """A transcript cannot be read, or has no answer to what is asked on its replay."""


class CampaignError(AionError):
    """An event that the rules of a campaign do not allow; nothing was recorded."""


class RunFailedError(AionError):
    """A simulation ended with an outcome other than ``ok``."""


class EnvironmentUnfitError(AionError):
    """A canary failed: numbers computed here cannot be trusted."""


class StoppedError(AionError):
    """A signal stopped the work; everything finished so far is kept."""

    exit_code = 75


class ModelPausedError(StoppedError):
    """A language model gave no usable answer, or its allowance is spent; nothing is lost."""
