"""What all domains share: steppers, solutions, ensembles, refinement, verification."""

from aion_kernels.core.cache import processor_cache, processor_id, user_cache
from aion_kernels.core.canaries import CanaryResult, run_canaries
from aion_kernels.core.checkpoint import Checkpoint, CorruptCheckpointError, resume
from aion_kernels.core.ensemble import ensemble
from aion_kernels.core.evolve import Trajectory, evolve
from aion_kernels.core.hooks import Hook, Moment
from aion_kernels.core.outcome import Outcome, finite_outcome, worst
from aion_kernels.core.refinement import Refinement, richardson
from aion_kernels.core.signals import StopOnSignal
from aion_kernels.core.solution import Solution
from aion_kernels.core.statistics import autocorrelation_time, block_errors, mean_with_error
from aion_kernels.core.stepper import Observable, Stepper
from aion_kernels.estimate import Estimate

__all__ = [
    "CanaryResult",
    "Checkpoint",
    "CorruptCheckpointError",
    "Estimate",
    "Hook",
    "Moment",
    "Observable",
    "Outcome",
    "Refinement",
    "Solution",
    "Stepper",
    "StopOnSignal",
    "Trajectory",
    "autocorrelation_time",
    "block_errors",
    "ensemble",
    "evolve",
    "finite_outcome",
    "mean_with_error",
    "processor_cache",
    "processor_id",
    "resume",
    "richardson",
    "run_canaries",
    "user_cache",
    "worst",
]
