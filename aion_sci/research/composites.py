"""Hypotheses made of other hypotheses: all of several, any of several, not this one.

The parts are tested each for itself, at a share of the error rate, and their verdicts are joined by
three-valued logic. That is closed testing in its simplest form: with k parts each tested at α/k,
the joined verdict errs no more often than α.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from aion_sci.research.document import Node
from aion_sci.research.kinds import Elementary, Hypothesis, Parse
from aion_sci.research.scope import Scope

__all__ = ["AllOf", "AnyOf", "Composite", "Not"]

_DEEPEST = 4
_MOST_LEAVES = 12


@dataclass(frozen=True)
class Composite(Hypothesis):
    """A claim whose truth follows from that of its parts."""

    joined: tuple[Hypothesis, ...]

    @property
    def parts(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that this one joins."""
        return self.joined

    @property
    def leaves(self) -> tuple[Elementary, ...]:
        """The claims about single observables below it."""
        return tuple(leaf for part in self.joined for leaf in part.leaves)

    @property
    def depth(self) -> int:
        """How deeply composites are nested, itself included."""
        return 1 + max((p.depth for p in self.joined if isinstance(p, Composite)), default=0)

    def complaint(self, scope: Scope) -> str | None:
        """Too deep, too many, or the same part twice."""
        if self.depth > _DEEPEST or len(self.leaves) > _MOST_LEAVES:
            return f"more than {_DEEPEST} levels or {_MOST_LEAVES} claims; ask them one by one"
        if len({part.hash for part in self.joined}) < len(self.joined):
            return "the same part is given twice"
        return None


@dataclass(frozen=True)
class _Several(Composite):
    """A list of two parts or more; their order is no part of the claim."""

    def body(self) -> list[dict[str, Any]]:
        """The parts in the order of their hashes, so that equal claims have equal hashes."""
        return [part.to_json() for part in sorted(self.joined, key=lambda part: part.hash)]

    @classmethod
    def read(cls, body: Node, scope: Scope, parse: Parse) -> Self:
        """Read a list of hypotheses."""
        items = body.items(cls.kind)
        if len(items) < 2:
            raise body.error(f"{cls.kind} joins at least two hypotheses; {len(items)} given")
        parts = [parse(item, scope) for item in items]
        return cls(tuple(sorted(parts, key=lambda part: part.hash)))


@dataclass(frozen=True)
class AllOf(_Several):
    """Every part holds."""

    kind = "all_of"

    def claim(self, scope: Scope) -> str:
        return _listed("all of these hold", self.joined, scope)


@dataclass(frozen=True)
class AnyOf(_Several):
    """At least one part holds."""

    kind = "any_of"

    def claim(self, scope: Scope) -> str:
        return _listed("at least one of these holds", self.joined, scope)


@dataclass(frozen=True)
class Not(Composite):
    """The part does not hold."""

    kind = "not"

    def body(self) -> dict[str, Any]:
        """The part."""
        return self.joined[0].to_json()

    @classmethod
    def read(cls, body: Node, scope: Scope, parse: Parse) -> Self:
        """Read one hypothesis."""
        return cls((parse(body, scope),))

    def claim(self, scope: Scope) -> str:
        return f"it is not so that {self.joined[0].claim(scope)}"


def _listed(head: str, parts: tuple[Hypothesis, ...], scope: Scope) -> str:
    numbered = "; ".join(f"({i}) {part.claim(scope)}" for i, part in enumerate(parts, start=1))
    return f"{head}: {numbered}"
