"""Populations of spiking neurons with synaptic short-term plasticity: neuron by neuron and
mesoscopically, from one description."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public names by the module they live in; imported when first used, so that importing the package
# is quick.
_HOME = {
    "adaptation": ["SpikeTriggeredCurrent", "ThresholdKernel"],
    "build": ["build_info"],
    "changes": ["Change"],
    "checkpointed_run": ["LongRun"],
    "comparison": ["compare"],
    "connectivity": ["Bernoulli", "FixedInDegree"],
    "delays": ["DelayDistribution"],
    "experiment": ["EventSettings", "Experiment", "SimulationSettings"],
    "explicit_connections": ["ExplicitConnections"],
    "initial": ["InitialState"],
    "long_run": ["resume", "run_long"],
    "network": ["Network", "Population", "Projection"],
    "nest_parameters": ["from_nest_parameters", "to_nest_parameters"],
    "neuron_recording": ["NeuronRecord", "Neurons"],
    "neurons": ["GIF", "LIF", "LNP", "Poisson", "SpikeTrains"],
    "parameter_path": ["parameter", "with_parameter"],
    "plasticity": ["TsodyksMarkram"],
    "result": ["Result"],
    "signals": ["OrnsteinUhlenbeck", "PerNeuron", "Sampled", "Sinusoid", "Steps"],
    "simulation": ["Simulation"],
    "single_run": ["simulate"],
    "sweeps.sweep": ["sweep"],
    "transfer": ["Exponential", "Softplus"],
}
_MODULES = ["analysis", "figures", "plot", "presets", "reducers", "theory"]
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted([*_MODULE_OF, *_MODULES])

if TYPE_CHECKING:
    from mesopop import analysis, figures, plot, presets, reducers, theory
    from mesopop.adaptation import SpikeTriggeredCurrent, ThresholdKernel
    from mesopop.build import build_info
    from mesopop.changes import Change
    from mesopop.checkpointed_run import LongRun
    from mesopop.comparison import compare
    from mesopop.connectivity import Bernoulli, FixedInDegree
    from mesopop.delays import DelayDistribution
    from mesopop.experiment import EventSettings, Experiment, SimulationSettings
    from mesopop.explicit_connections import ExplicitConnections
    from mesopop.initial import InitialState
    from mesopop.long_run import resume, run_long
    from mesopop.nest_parameters import from_nest_parameters, to_nest_parameters
    from mesopop.network import Network, Population, Projection
    from mesopop.neuron_recording import NeuronRecord, Neurons
    from mesopop.neurons import GIF, LIF, LNP, Poisson, SpikeTrains
    from mesopop.parameter_path import parameter, with_parameter
    from mesopop.plasticity import TsodyksMarkram
    from mesopop.result import Result
    from mesopop.signals import OrnsteinUhlenbeck, PerNeuron, Sampled, Sinusoid, Steps
    from mesopop.simulation import Simulation
    from mesopop.single_run import simulate
    from mesopop.sweeps.sweep import sweep
    from mesopop.transfer import Exponential, Softplus


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"mesopop.{name}")
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f"mesopop.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mesopop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
