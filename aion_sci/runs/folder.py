"""The run folder: the truth about a run, complete or not there.

    runs/<id>/attempt-<uuid>/
        spec.json           what was asked, with units
        environment.json    what it was made with, and the seconds it took
        observables.json    outcome, observables with their error bars, details
        fields.nc           arrays, where the experiment gives any
        log.jsonl           one event a line, where there are any
        COMMIT.json         names, sizes and SHA-256 of the files above

Every file is written whole (see :mod:`aion_kernels.files`) and COMMIT.json comes last: a folder
without it is the remains of a writer that died, and is no result. Several workers may compute the
same run at once, each in an attempt of its own. The first COMMIT stands; a second one that agrees
is dropped, one that disagrees is kept beside it and is an error until someone decides.

Nothing here knows the index: a worker writes folders and needs no database.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aion_kernels.files import sha256_of_file, sync_folder, write_bytes, writing
from aion_sci.errors import (
    ConflictingRunError,
    CorruptRunError,
    StoreError,
    StoreUnwritableError,
    StoreVersionError,
)
from aion_sci.runs.agreement import disagreement
from aion_sci.runs.plain import as_json
from aion_sci.runs.record import Reading, Record
from aion_sci.runs.spec import RunSpec, canonical_json, content_hash

if TYPE_CHECKING:
    import xarray

__all__ = [
    "commit_run",
    "find_run",
    "iterate_runs",
    "iterate_unfinished",
    "load_fields",
    "read_run",
    "remove_attempt",
    "unwritable_as_store_error",
]

FORMAT = 1
"""Version of the layout; a folder of a later one is refused rather than misread."""

_COMMIT = "COMMIT.json"
_FIELDS = "fields.nc"


def commit_run(
    root: Path,
    record: Record,
    *,
    fields: xarray.Dataset | None = None,
    details: Mapping[str, Any] | None = None,
    log: Iterable[Mapping[str, Any]] = (),
) -> Record:
    """Write a run's folder below ``root`` and return the record with its folder and files.

    ``details`` is plain data beside the observables (values on the rungs, observed orders), ``log``
    the events of the run. Where a run that agrees with this one (:func:`disagreement`) is committed
    already, that one is returned and this one dropped, unless only this one brings fields.

    Raises :class:`ConflictingRunError` for one that disagrees, and keeps both;
    :class:`StoreUnwritableError` where the folder cannot be written.
    """
    run_folder = root / "runs" / record.run_id
    attempt = run_folder / f"attempt-{uuid.uuid4().hex}"
    with unwritable_as_store_error(root):
        attempt.mkdir(parents=True)
        try:
            files = _write_files(attempt, record, fields, details or {}, log)
            first = find_run(root, record.run_id)
            if first is not None and _makes_redundant(first, record, fields):
                remove_attempt(attempt)
                return first
            _write_commit(attempt, record.run_id, files)
        except BaseException:
            remove_attempt(attempt)
            raise
        sync_folder(run_folder)
        sync_folder(run_folder.parent)
    # Another worker may have committed since. Of attempts that agree the same one stands for every
    # worker, so that they never drop each other's.
    standing = find_run(root, record.run_id)
    if standing is None:
        raise StoreError(f"run {record.run_id} was deleted from {root} while it was committed")
    if standing.folder != attempt:
        remove_attempt(attempt)
    return standing


def find_run(root: Path, run_id: str, *, verify: bool = False) -> Record | None:
    """The committed record of a run, or None where there is none.

    Sizes are always checked against the COMMIT; ``verify`` also hashes every file. Raises
    :class:`CorruptRunError` where they differ and :class:`ConflictingRunError` where two committed
    attempts disagree.
    """
    found: list[Record] = []
    for commit in sorted((root / "runs" / run_id).glob(f"attempt-*/{_COMMIT}")):
        try:
            found.append(read_run(commit.parent, verify=verify))
        except CorruptRunError:
            if commit.exists():  # otherwise its writer has just dropped it in favour of another
                raise
    if not found:
        return None
    standing = next((record for record in found if _FIELDS in record.files), found[0])
    for other in found:
        if difference := disagreement(standing, other):
            raise ConflictingRunError(
                f"run {run_id} is committed twice with unequal results: {difference}. Both are "
                f"kept, {standing.folder} and {other.folder}; find out which environment computes "
                f"wrong numbers (`aion doctor`) and delete its folder"
            )
    return standing


def read_run(attempt: Path, *, verify: bool = False) -> Record:
    """The record in one committed attempt folder; see :func:`find_run`."""
    commit = _read_commit(attempt)
    for name, entry in commit["files"].items():
        _check_file(attempt, name, entry, verify=verify)
    spec = _read_json(attempt, "spec.json")
    environment = _read_json(attempt, "environment.json")
    result = _read_json(attempt, "observables.json")
    try:
        record = Record(
            spec=RunSpec.from_json(spec),
            outcome=result["outcome"],
            message=result["message"],
            observables={n: Reading.from_json(r) for n, r in result["observables"].items()},
            seconds=environment.pop("seconds"),
            units=spec["units"],
            environment=environment,
            files=commit["files"],
            folder=attempt,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _corrupt(attempt, f"an entry is missing or wrong: {error!r}") from error
    if not record.run_id == commit["run_id"] == attempt.parent.name:
        raise _corrupt(attempt, f"its spec belongs to run {record.run_id}")
    return record


def iterate_runs(root: Path) -> Iterator[str]:
    """The ids of all runs with a committed attempt, in order."""
    for run_folder in _sorted_folders(root / "runs"):
        if any(run_folder.glob(f"attempt-*/{_COMMIT}")):
            yield run_folder.name


def iterate_unfinished(root: Path) -> Iterator[Path]:
    """Attempt folders without a COMMIT: writers that died, or are still at work."""
    for run_folder in _sorted_folders(root / "runs"):
        for attempt in _sorted_folders(run_folder):
            if not (attempt / _COMMIT).exists():
                yield attempt


def load_fields(record: Record) -> xarray.Dataset:
    """The fields of a committed run, in memory, with the units and attributes they were given."""
    import xarray

    if record.folder is None or _FIELDS not in record.files:
        raise StoreError(f"run {record.run_id} of {record.spec.experiment} has no fields")
    try:
        data = xarray.load_dataset(
            record.folder / _FIELDS,
            engine="h5netcdf",
            decode_times=False,  # a time in s is a number here, not a date
        )
    except (OSError, ValueError) as error:
        raise _corrupt(record.folder, f"{_FIELDS} cannot be read: {error}") from error
    return data.assign_attrs(run_id=record.run_id, experiment=record.spec.experiment)


def remove_attempt(attempt: Path) -> None:
    """Delete an attempt folder, its COMMIT first: at no moment is there a COMMIT without files."""
    commit = attempt / _COMMIT
    if commit.exists():
        commit.unlink()
        sync_folder(attempt)
    shutil.rmtree(attempt, ignore_errors=True)


@contextmanager
def unwritable_as_store_error(root: Path) -> Iterator[None]:
    """Turn the system's refusal to write below ``root`` into a :class:`StoreUnwritableError`."""
    try:
        yield
    except OSError as error:
        raise StoreUnwritableError(
            f"the store {root} cannot be written: {error.strerror or error}"
            f" ({error.filename or root}); free it, or choose another with --store or AION_STORE"
        ) from error


def _makes_redundant(first: Record, record: Record, fields: xarray.Dataset | None) -> bool:
    return not disagreement(first, record) and (fields is None or _FIELDS in first.files)


def _write_files(
    attempt: Path,
    record: Record,
    fields: xarray.Dataset | None,
    details: Mapping[str, Any],
    log: Iterable[Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Write everything but the COMMIT; returns size and SHA-256 by name."""
    documents = {
        "spec.json": {**record.spec.to_json(), "units": record.units},
        "environment.json": {**record.environment, "seconds": record.seconds},
        "observables.json": {
            "outcome": record.outcome,
            "message": record.message,
            "observables": {n: r.to_json() for n, r in record.observables.items()},
            "details": details,
        },
    }
    texts = {name: json.dumps(as_json(data), indent=2) + "\n" for name, data in documents.items()}
    if events := [canonical_json(as_json(event)) + "\n" for event in log]:
        texts["log.jsonl"] = "".join(events)
    for name, text in texts.items():
        write_bytes(attempt / name, text.encode(), sync_rename=False)
    if fields is not None:
        with writing(attempt / _FIELDS, sync_rename=False) as temporary:
            fields.to_netcdf(temporary, engine="h5netcdf")
    sync_folder(attempt)
    names = [*texts, *([] if fields is None else [_FIELDS])]
    return {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
        for name in names
        for path in [attempt / name]
    }


def _write_commit(attempt: Path, run_id: str, files: Mapping[str, Mapping[str, Any]]) -> None:
    content = {
        "format": FORMAT,
        "run_id": run_id,
        "committed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": files,
    }
    signed = {**content, "sha256": content_hash(content)}
    write_bytes(attempt / _COMMIT, (json.dumps(signed, indent=2) + "\n").encode())


def _read_commit(attempt: Path) -> dict[str, Any]:
    commit = _read_json(attempt, _COMMIT)
    version = commit.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise StoreVersionError(
            f"{attempt} has format {version}; this version of AION reads up to {FORMAT}: upgrade it"
        )
    if commit.pop("sha256", None) != content_hash(commit):
        raise _corrupt(attempt, f"{_COMMIT} does not match its own checksum")
    return commit


def _check_file(attempt: Path, name: str, entry: Mapping[str, Any], *, verify: bool) -> None:
    path = attempt / name
    try:
        size = path.stat().st_size
        if size != entry["bytes"]:
            raise _corrupt(attempt, f"{name} has {size} bytes, not {entry['bytes']}")
        if verify and sha256_of_file(path) != entry["sha256"]:
            raise _corrupt(attempt, f"the content of {name} has another SHA-256")
    except OSError as error:
        raise _corrupt(attempt, f"{name} cannot be read: {error.strerror}") from error


def _read_json(attempt: Path, name: str) -> dict[str, Any]:
    try:
        data = json.loads((attempt / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise _corrupt(attempt, f"{name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _corrupt(attempt, f"{name} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise _corrupt(attempt, f"{name} is not a JSON object")
    return data


def _corrupt(attempt: Path, what: str) -> CorruptRunError:
    return CorruptRunError(
        f"run folder {attempt} does not match its COMMIT: {what}; list all damage with "
        f"`aion store verify`, then restore the folder from a copy or delete it to compute it again"
    )


def _sorted_folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
