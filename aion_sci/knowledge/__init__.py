"""The knowledge store: claims, campaigns and runs, found again."""

from aion_sci.knowledge.check import Problem
from aion_sci.knowledge.claim import Claim
from aion_sci.knowledge.rebuild import Rebuilt
from aion_sci.knowledge.search import Hit
from aion_sci.knowledge.store import KnowledgeStore

__all__ = ["Claim", "Hit", "KnowledgeStore", "Problem", "Rebuilt"]
