"""A process that computes is set up once, like all others, and refuses to make wrong numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from aion_sci import process
from aion_sci.errors import EnvironmentUnfitError

PROBE = """
import json, time
from aion_sci.process import prepare
described = prepare()
import jax
described["x64"] = str(jax.numpy.ones(1).dtype)
described["cache"] = jax.config.jax_compilation_cache_dir
begin = time.perf_counter()
prepare()
described["again"] = time.perf_counter() - begin
print(json.dumps(described))
"""


def start(cache: Path) -> subprocess.Popen[str]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("JAX_", "COV"))}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROBE],
        env={**environment, "AION_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once_share_a_new_cache_without_a_word(tmp_path: Path):
    """Both start on an empty cache and write the same entries at the same time."""
    for prober in [start(tmp_path), start(tmp_path)]:
        out, err = prober.communicate(timeout=200)
        assert prober.returncode == 0, err
        assert err == ""
        described = json.loads(out)
        assert described["x64"] == "float64"
        assert described["canaries"] == "passed"
        assert described["backend"] == "cpu"
        assert set(described["packages"]) >= {"jax", "jaxlib", "numpy", "aion-sci"}
        assert Path(described["cache"]).is_relative_to(tmp_path)
        assert described["again"] < 0.01
    assert len(list(tmp_path.glob("*/xla/*-cache"))) > 50, "the small programs are not kept"


def test_a_failed_canary_refuses_to_run(monkeypatch: pytest.MonkeyPatch):
    import aion_kernels.core.canaries as canaries

    results = [SimpleNamespace(name="sums", passed=False), SimpleNamespace(name="x", passed=True)]
    monkeypatch.setattr(canaries, "run_canaries", lambda: results)
    with pytest.raises(EnvironmentUnfitError, match=r"1 canaries failed \(sums\).*aion doctor"):
        process.prepare.__wrapped__()
