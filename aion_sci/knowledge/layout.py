"""Where things lie in a store, and reading them one by one.

<store>/
    store.json              version of this layout
    runs/<id>/attempt-*/    written by workers (aion_sci.runs.folder)
    claims/<id>.json
    campaigns/<id>/         question.json, log.jsonl and what else a campaign keeps
    index.sqlite            derived from the above
    .coordinator.lock
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aion_kernels.files import write_text
from aion_sci.errors import CorruptClaimError, StoreError, StoreVersionError
from aion_sci.knowledge.claim import Claim

__all__ = ["Layout", "read_object"]

FORMAT = 1
"""Version of the layout; a store of a later one is refused rather than misread."""

_OURS = {"store.json", "runs", "claims", "campaigns"}


@dataclass(frozen=True)
class Layout:
    """The paths of a store."""

    root: Path

    @property
    def index(self) -> Path:
        """The SQLite file."""
        return self.root / "index.sqlite"

    @property
    def runs(self) -> Path:
        """The folder of run folders."""
        return self.root / "runs"

    @property
    def claims(self) -> Path:
        """The folder of claims."""
        return self.root / "claims"

    @property
    def campaigns(self) -> Path:
        """The folder of campaigns."""
        return self.root / "campaigns"

    def claim(self, claim_id: str) -> Path:
        """The file of a claim."""
        return self.claims / f"{claim_id}.json"

    def claim_ids(self) -> list[str]:
        """Ids of the claims that have a file."""
        return sorted(path.stem for path in self.claims.glob("claim-*.json"))

    def campaign_ids(self) -> list[str]:
        """Ids of the campaigns that have a question."""
        return sorted(path.parent.name for path in self.campaigns.glob("*/question.json"))

    def make(self) -> None:
        """Make a new store here, or leave the one that is here as it is."""
        marker = self.root / "store.json"
        if not marker.exists():
            self._refuse_foreign_folder()
            for folder in (self.runs, self.claims, self.campaigns):
                folder.mkdir(parents=True, exist_ok=True)
            write_text(marker, json.dumps({"format": FORMAT}) + "\n")
        self.check()

    def check(self) -> None:
        """Refuse what is no store, and a store of a newer version."""
        marker = self.root / "store.json"
        if not marker.is_file():
            raise StoreError(
                f"there is no knowledge store at {self.root}; `aion run` and `aion ask` make one, "
                "or name another with --store or AION_STORE"
            )
        version = read_object(marker).get("format")
        if not isinstance(version, int):
            raise StoreError(f"{marker} gives no format; restore it, or write {{'format': 1}}")
        if version > FORMAT:
            raise StoreVersionError(
                f"the store {self.root} has format {version}, written by a newer version of AION; "
                f"this one reads up to {FORMAT}: upgrade it (pip install --upgrade aion-sci)"
            )

    def read_claim(self, claim_id: str) -> Claim:
        """A claim from its file, which must hold what its name says."""
        path = self.claim(claim_id)
        try:
            claim = Claim.from_json(read_object(path))
        except StoreError as error:
            raise CorruptClaimError(f"{path}: {error}") from error
        if claim.id != claim_id:
            raise CorruptClaimError(f"{path} holds {claim.id}; rename it back")
        return claim

    def read_question(self, campaign_id: str) -> tuple[str, str]:
        """A campaign's question, and the experiment and observables it is about."""
        path = self.campaigns / campaign_id / "question.json"
        data = read_object(path)
        question = data.get("question")
        if not isinstance(question, str):
            raise StoreError(f"{path} holds no question; restore it from a copy")
        return question, " ".join(_texts(data)).replace(question, "", 1).strip()

    def _refuse_foreign_folder(self) -> None:
        """A store made in somebody's full folder would be scattered among their files."""
        if self.root.is_dir():
            names = {path.name for path in self.root.iterdir() if not path.name.startswith(".")}
            if foreign := sorted(names - _OURS):
                raise StoreError(
                    f"{self.root} is no knowledge store and holds other files, such as "
                    f"'{foreign[0]}'; name an empty or new folder with --store or AION_STORE"
                )


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}; restore it from a copy") from error
    if not isinstance(data, dict):
        raise StoreError(f"{path} is not a JSON object; restore it from a copy")
    return data


def _texts(data: Any) -> Iterator[str]:
    """Every text in plain data: what a search may look for."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
