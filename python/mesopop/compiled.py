"""From a validated description to what the compiled core steps: indices, time steps, 1/ms.

Everything that depends on the time step is checked here, before anything runs.
"""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike

from mesopop.adaptation import ThresholdKernel
from mesopop.connectivity import compiled_connectivity, mean_connection
from mesopop.delays import DelayDistribution
from mesopop.initial import InitialState
from mesopop.network import Network, Population, Projection
from mesopop.neurons import GIF, LIF, LNP, Poisson, SpikeTrains
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import OrnsteinUhlenbeck, PerNeuron, Sampled, Sinusoid, Steps, components
from mesopop.transfer import Softplus
from mesopop.validation import require_number, steps

# Neurons have forgotten their last spike when no more than this is left of it in their potential and
# their adaptation, in units of delta_u, but not before so many time constants. (Of the potential the
# oldest neurons keep their mean, so that the error is of second order.)
FORGOTTEN = 0.1
FORGOTTEN_ADAPTATION = 0.002
HISTORY_IN_TAU = 5.0


@frozen(kw_only=True)
class CompiledNetwork:
    """A network in time steps, with the STP states that its projections share.

    Parameters
    ----------
    description : dict
        What the compiled core reads.
    stp_index : dict
        Projection label -> index of its STP state, for plastic projections.
    """

    network: Network
    dt: float
    description: dict[str, Any]
    stp_index: dict[str, int]


def compile_network(
    network: Network,
    *,
    dt: float,
    initial: str | InitialState = "stationary",
    history: float | None = None,
) -> CompiledNetwork:
    """Translate `network` into time steps of `dt` ms.

    Raises
    ------
    ValueError
        If a time is not a multiple of `dt`, `dt` is too coarse, `history` is too short, or the
        initial state does not fit the network.
    """
    dt = require_number("dt", dt, "ms", gt=0)
    if isinstance(initial, InitialState):
        initial.check(network)
    elif initial not in ("stationary", "rest", "synchronous"):
        raise ValueError(
            'initial must be "stationary", "rest", "synchronous" or an InitialState, '
            f"got {initial!r}"
        )
    index = {population.name: i for i, population in enumerate(network.populations)}
    sets = _stp_sets(network, index)
    plasticities = list(sets)
    stp_index = {
        p.label: plasticities.index((index[p.source], p.stp)) for p in network.projections if p.stp
    }
    description = {
        "dt": dt,
        "populations": [_population(p, dt, initial, history) for p in network.populations],
        "stp": [
            _stp(source, stp, network, labels, initial) for (source, stp), labels in sets.items()
        ],
        "projections": [_projection(p, network, index, stp_index, dt) for p in network.projections],
    }
    return CompiledNetwork(network=network, dt=dt, description=description, stp_index=stp_index)


def _stp_sets(
    network: Network, index: dict[str, int]
) -> dict[tuple[int, TsodyksMarkram], list[str]]:
    # One state per source and parameters, in order of source, then of first appearance.
    sets: dict[tuple[int, TsodyksMarkram], list[str]] = {}
    for projection in network.projections:
        if projection.stp is not None:
            sets.setdefault((index[projection.source], projection.stp), []).append(projection.label)
    return dict(sorted(sets.items(), key=lambda item: item[0][0]))


# --- Populations ---------------------------------------------------------------------------------


def _population(
    population: Population, dt: float, initial: str | InitialState, history: float | None
) -> dict[str, Any]:
    neuron = population.neuron
    where = f'population "{population.name}": '
    drive = neuron.rate if isinstance(neuron, Poisson) else population.drive
    # Rates come in Hz, hazards are in 1/ms.
    scale = 1e-3 if isinstance(neuron, Poisson) else 1.0
    return {
        "name": population.name,
        "size": population.size,
        "neuron": _neuron(neuron, dt, history, where),
        "drive": _drive(drive, dt, scale, where),
        "initial": _initial(population, dt, initial),
    }


def _neuron(
    neuron: Poisson | SpikeTrains | LNP | LIF, dt: float, history: float | None, where: str
) -> dict[str, Any]:
    match neuron:
        case Poisson():
            return {"kind": "poisson"}
        case SpikeTrains():
            return {"kind": "given", **_given_spikes(neuron, dt, where)}
        case LNP():
            _require_fine(where, dt, "tau_m", neuron.tau_m / 2)
            return {"kind": "lnp", "tau_m": neuron.tau_m, "transfer": _transfer(neuron.transfer)}
        case LIF():
            _require_fine(where, dt, "tau_m", neuron.tau_m / 2)
            if neuron.t_ref > 0:
                _require_fine(where, dt, "t_ref", neuron.t_ref)
            return {
                "kind": "lif",
                "tau_m": neuron.tau_m,
                "v_reset": neuron.v_reset,
                "refractory_steps": steps(where + "t_ref", neuron.t_ref, dt),
                "history_steps": _history_steps(neuron, dt, history, where),
                "escape": {
                    "v_th": neuron.v_th,
                    "delta_u": neuron.delta_u,
                    "rate": 1e-3 * neuron.rate_at_threshold,
                    "softplus": neuron.escape == "softplus",
                },
                "adaptation": _adaptation(neuron),
            }
    raise TypeError(f"{where}cannot simulate {type(neuron).__name__} neurons")


def _adaptation(neuron: LIF) -> list[dict[str, float]]:
    if not isinstance(neuron, GIF):
        return []
    kind = {True: "threshold", False: "current"}
    none = {"threshold": 0.0, "current": 0.0}
    return [
        {"tau": k.tau, **none, kind[isinstance(k, ThresholdKernel)]: k.amplitude}
        for k in neuron.adaptation
    ]


def _require_fine(where: str, dt: float, name: str, limit: float) -> None:
    if dt > limit * (1 + 1e-6):
        bound = f"{name}/2" if name == "tau_m" else name
        raise ValueError(f"{where}dt must be <= {bound} = {limit:g} ms, got {dt!r} ms")


def _history_steps(neuron: LIF, dt: float, history: float | None, where: str) -> int:
    shortest = _forgetting_time(neuron) + neuron.t_ref
    if history is None:
        history = shortest
    if history < shortest * (1 - 1e-9):
        raise ValueError(
            f"{where}history must be >= {shortest:g} ms, until when the last spike is forgotten, "
            f"got {history!r} ms"
        )
    return math.ceil(history / dt - 1e-6)


def _forgetting_time(neuron: LIF) -> float:
    # Until the spike is forgotten by the potential and by whatever adapts, which may have gathered
    # several times its amplitude.
    kernels = neuron.adaptation if isinstance(neuron, GIF) else ()
    left = [(neuron.tau_m, (neuron.v_th - neuron.v_reset) / FORGOTTEN)]
    left += [
        (k.tau, 4 * abs(k.amplitude) / FORGOTTEN_ADAPTATION) for k in kernels if k.amplitude != 0
    ]
    return max(tau * max(HISTORY_IN_TAU, math.log(x / neuron.delta_u)) for tau, x in left)


def _transfer(transfer: Any) -> dict[str, Any]:
    if isinstance(transfer, Softplus):
        return {"kind": "softplus", "alpha": transfer.alpha, "gain": 1e-3 * transfer.gain}
    return {
        "kind": "exponential",
        "v_th": transfer.v_th,
        "delta_u": transfer.delta_u,
        "rate": 1e-3 * transfer.rate_at_threshold,
    }


def _given_spikes(neuron: SpikeTrains, dt: float, where: str) -> dict[str, Any]:
    # A spike in (t_k, t_{k+1}] belongs to step k, so that its time on the grid is never early. The
    # one at t = 0 has no step before it and joins the first.
    all_steps, all_neurons = [], []
    for i, times in enumerate(neuron.times):
        step = np.maximum(np.ceil(times / dt - 1e-6).astype(np.int64) - 1, 0)
        twice = np.flatnonzero(np.diff(step) == 0)
        if twice.size:
            raise ValueError(
                f"{where}dt must be small enough for one spike per neuron and step, got {dt!r} ms; "
                f"neuron {i} fires at {times[twice[0]]:g} and {times[twice[0] + 1]:g} ms"
            )
        all_steps.append(step)
        all_neurons.append(np.full(step.size, i, np.int64))
    step, index = np.concatenate(all_steps), np.concatenate(all_neurons)
    order = np.lexsort((index, step))
    return {"step": step[order], "neuron": index[order]}


# --- Signals -------------------------------------------------------------------------------------


def _drive(drive: Any, dt: float, scale: float, where: str) -> dict[str, Any]:
    constant, signals = 0.0, []
    per_neuron = np.empty(0)
    for component in components(drive):
        if isinstance(component, float):
            constant += scale * component
        elif isinstance(component, PerNeuron):
            per_neuron = per_neuron + component.values if per_neuron.size else component.values
        else:
            signals.append(_signal(component, dt, scale, where))
    return {"constant": constant, "components": signals, "per_neuron": per_neuron}


def _signal(signal: Any, dt: float, scale: float, where: str) -> dict[str, Any]:
    match signal:
        case Steps():
            onset = [steps(where + "times of Steps", t, dt) for t in signal.times]
            if len(set(onset)) < len(onset):
                raise ValueError(f"{where}times of Steps must be at least dt = {dt!r} ms apart")
            return {
                "kind": "steps",
                "onset": np.array(onset, np.int64),
                "value": scale * signal.values,
            }
        case Sampled():
            per_sample = steps(where + "interval of Sampled", signal.interval, dt)
            if per_sample == 0:
                raise ValueError(
                    f"{where}interval of Sampled must be >= dt = {dt!r} ms, "
                    f"got {signal.interval!r} ms"
                )
            return {
                "kind": "sampled",
                "steps_per_sample": per_sample,
                "value": scale * signal.values,
            }
        case Sinusoid():
            turns_per_step = signal.frequency * 1e-3 * dt
            return {
                "kind": "sinusoid",
                "mean": scale * signal.mean,
                "amplitude": scale * signal.amplitude,
                "turns_per_step": turns_per_step,
                "phase": signal.phase + 0.5 * turns_per_step,
            }
        case OrnsteinUhlenbeck():
            return {
                "kind": "ornstein_uhlenbeck",
                "mean": signal.mean,
                "std": signal.std,
                "tau_in_steps": signal.tau / dt,
            }
    raise TypeError(f"{where}unknown signal {signal!r}")


def signal_end(network: Network) -> tuple[float, str]:
    """When the first sampled signal of a network runs out, in ms, and whose it is."""
    ends = [(math.inf, "")]
    for population in network.populations:
        neuron = population.neuron
        drive = neuron.rate if isinstance(neuron, Poisson) else population.drive
        for signal in components(drive):
            if isinstance(signal, Sampled):
                ends.append((len(signal.values) * signal.interval, population.name))
    return min(ends)


# --- Synapses ------------------------------------------------------------------------------------


def _stp(
    source: int,
    stp: TsodyksMarkram,
    network: Network,
    labels: list[str],
    initial: str | InitialState,
) -> dict[str, Any]:
    size = network.populations[source].size
    u: ArrayLike = np.empty(0)
    x: ArrayLike = np.empty(0)
    if isinstance(initial, InitialState):
        # Whatever label of the set carries it; InitialState.check made sure that they agree.
        u = next((initial.u[label] for label in labels if label in initial.u), stp.U0)
        x = next((initial.x[label] for label in labels if label in initial.x), 1.0)
        u, x = np.broadcast_to(u, size), np.broadcast_to(x, size)
    parameters = np.broadcast_arrays(*attrs.astuple(stp), np.empty(1))[:-1]
    names = (parameter.name for parameter in attrs.fields(TsodyksMarkram))
    return {"source": source, **dict(zip(names, parameters, strict=True)), "u": u, "x": x}


def _projection(
    projection: Projection,
    network: Network,
    index: dict[str, int],
    stp_index: dict[str, int],
    dt: float,
) -> dict[str, Any]:
    source, target = (network.population(name) for name in (projection.source, projection.target))
    delays, share = _delays(projection, dt)
    return {
        "source": index[projection.source],
        "target": index[projection.target],
        "stp": stp_index.get(projection.label, -1),
        "weight": projection.weight,
        "mean_weight": projection.weight * mean_connection(projection, source, target),
        "tau_s": projection.tau_s,
        "delay_steps": delays,
        "delay_share": share,
        "connectivity": compiled_connectivity(projection, source),
    }


def _delays(projection: Projection, dt: float) -> tuple[ArrayLike, ArrayLike]:
    # In steps, with the share of the synapses that has each.
    where = f'projection "{projection.label}": '
    if isinstance(projection.delay, DelayDistribution):
        delays, share = projection.delay.delays.tolist(), projection.delay.probabilities
    else:
        delays, share = [projection.delay], np.ones(1)
    for delay in delays:
        if delay > 0:
            _require_fine(where, dt, "delay", delay)
    return np.array([steps(where + "delay", delay, dt) for delay in delays], np.int64), share


# --- Initial state -------------------------------------------------------------------------------


def _initial(population: Population, dt: float, initial: str | InitialState) -> dict[str, Any]:
    if not isinstance(initial, InitialState):
        return {"kind": initial}
    neuron, name = population.neuron, population.name
    rest = neuron.v_reset if isinstance(neuron, LIF) else 0.0
    potential = np.broadcast_to(initial.potential.get(name, rest), population.size)
    if isinstance(neuron, LNP) and np.ptp(potential) > 0:
        raise ValueError(
            f'potential["{name}"] must be the same for all LNP neurons, which start with one h, '
            f"got {potential.min():g} to {potential.max():g} mV"
        )
    ages = np.broadcast_to(initial.age.get(name, np.inf), population.size)
    age = np.full(population.size, -1, np.int64)
    known = {value: steps(f'age["{name}"]', value, dt) for value in np.unique(ages[ages < np.inf])}
    for value, in_steps in known.items():
        age[ages == value] = in_steps
    if isinstance(neuron, LIF):
        held = (age >= 0) & (age <= steps("t_ref", neuron.t_ref, dt)) & (potential != rest)
        if held.any():
            i = int(np.argmax(held))
            raise ValueError(
                f'potential["{name}"] must be v_reset = {rest:g} mV within t_ref after a spike, '
                f"got {potential[i]:g} mV at age {ages[i]:g} ms (neuron {i})"
            )
    return {"kind": "given", "potential": potential, "age": age}
