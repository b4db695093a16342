"""A setting is the last of default, user's file, project's file, environment and flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from aion_sci.errors import SettingError, UnknownNameError
from aion_sci.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty project and an empty home."""
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    home.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.delenv("AION_STORE")


def write_user_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "home" / "aion" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def origin_of_workers(settings: Settings) -> tuple[int, str]:
    return settings.workers, settings.origins["workers"].origin


def test_defaults():
    settings = load_settings()
    assert (settings.store, settings.workers) == (Path("aion-store"), 1)
    assert (settings.executor, settings.planner) == ("auto", "bayes")
    assert {s.origin for s in settings.origins.values()} == {"default"}
    assert all(s.description for s in settings.origins.values())


def test_each_source_beats_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    user = write_user_file(tmp_path, "workers = 2\n")
    assert origin_of_workers(load_settings()) == (2, str(user))
    Path("aion.toml").write_text("workers = 3\n")
    assert origin_of_workers(load_settings()) == (3, "aion.toml")
    monkeypatch.setenv("AION_WORKERS", "4")
    assert origin_of_workers(load_settings()) == (4, "AION_WORKERS")
    assert origin_of_workers(load_settings({"workers": "5"})) == (5, "flag")
    assert origin_of_workers(load_settings({"workers": None})) == (4, "AION_WORKERS")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AION_WORKERS", "")
    assert origin_of_workers(load_settings()) == (1, "default")


def test_a_folder_may_be_written_with_a_tilde(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/somewhere")
    assert load_settings({"store": "~/results"}).store == Path("/somewhere/results")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AION_WORKERS", "many", "workers is 'many' .from AION_WORKERS."),
        ("AION_WORKERS", "0", "at least 1"),
        ("AION_WORKERS", "1.5", "whole number"),
        ("AION_EXECUTOR", "slurmy", "executor is 'slurmy'.*choose from: auto, local, dask"),
        ("AION_PLANNER", "oracle", "choose from: bayes"),
    ],
)
def test_a_bad_value_is_refused_with_its_origin(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError, match=message):
        load_settings()


@pytest.mark.parametrize("value", ["true", "[2]", "1.5", '"two"', "nan", "inf"])
def test_a_bad_count_in_a_file_is_refused(value: str):
    Path("aion.toml").write_text(f"workers = {value}\n")
    with pytest.raises(SettingError, match=r"from aion\.toml"):
        load_settings()


def test_a_bad_folder_is_refused():
    Path("aion.toml").write_text("store = 3\n")
    with pytest.raises(SettingError, match="a folder is needed"):
        load_settings()


def test_a_misspelt_setting_in_a_file_is_refused_with_the_nearest(tmp_path: Path):
    path = write_user_file(tmp_path, "worker = 2\n")
    with pytest.raises(UnknownNameError, match=rf"{path}.*did you mean 'workers'"):
        load_settings()


def test_a_misspelt_argument_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'store'"):
        load_settings({"stor": "x"})


def test_a_malformed_file_is_refused_with_its_line():
    Path("aion.toml").write_text("workers = 2\nstore = = 3\n")
    with pytest.raises(SettingError, match=r"aion.toml: not valid TOML.*line 2"):
        load_settings()


def test_a_file_that_is_no_text_is_refused():
    Path("aion.toml").write_bytes(b"workers = \xff\n")
    with pytest.raises(SettingError, match=r"aion\.toml: not valid TOML"):
        load_settings()
