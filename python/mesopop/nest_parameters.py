"""Networks in the words of NEST: read from, and turned into, arguments of its Create and Connect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mesopop.adaptation import SpikeTriggeredCurrent, ThresholdKernel
from mesopop.connectivity import Bernoulli
from mesopop.delays import DelayDistribution
from mesopop.nest_models import (
    NODES,
    SYNAPSES,
    nest_number,
    refusal,
    require_known,
    with_defaults,
)
from mesopop.network import Network, Population, Projection
from mesopop.neurons import GIF, LIF
from mesopop.plasticity import TsodyksMarkram
from mesopop.validation import did_you_mean, require_integer, require_number


def from_nest_parameters(
    nodes: Mapping[str, Mapping[str, Any]], connections: Iterable[Mapping[str, Any]] = ()
) -> Network:
    """Make a network of what NEST's Create and Connect are given.

    Parameters
    ----------
    nodes : mapping of str to mapping
        By population: ``model`` ("gif_psc_exp" or "gif_pop_psc_exp"), ``n`` (number of nodes) and
        ``params``, as for ``nest.Create``. What is left out has NEST's default (3.10).
    connections : sequence of mappings
        ``pre`` and ``post`` (names of nodes), ``conn_spec`` ("all_to_all" or
        ``{"rule": "pairwise_bernoulli", "p": p}``) and ``syn_spec`` (of "static_synapse" or
        "tsodyks2_synapse"), as for ``nest.Connect``; perhaps a ``name`` for the projection.

    Returns
    -------
    Network
        With tau_m = C_m / g_L (of gif_psc_exp): drive E_L + I_e tau_m / C_m, weight
        w tau_syn / C_m; potentials as they are; adaptation q_sfa, and q_stc tau_m / C_m; U0 = U of
        tsodyks2_synapse, whose synapses start at rest.

    Raises
    ------
    ValueError
        If a key is unknown (the error names the nearest) or has no counterpart here.
    TypeError
        If a value is not a number.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.from_nest_parameters(
    ...     {"E": {"model": "gif_psc_exp", "n": 200, "params": {
    ...         "C_m": 250.0, "g_L": 12.5, "E_L": -65.0, "I_e": 100.0, "V_T_star": -50.0,
    ...         "V_reset": -65.0, "t_ref": 4.0, "Delta_V": 2.0, "lambda_0": 10.0,
    ...         "tau_syn_ex": 3.0}}},
    ...     [{"pre": "E", "post": "E", "syn_spec": {
    ...         "synapse_model": "tsodyks2_synapse", "weight": 50.0, "delay": 1.0,
    ...         "U": 0.5, "tau_rec": 400.0, "tau_fac": 0.0}}],
    ... )
    >>> net.population("E").drive, net.projection("E->E").weight
    (-57.0, 0.6)
    """
    params: dict[str, dict[str, Any]] = {}
    populations = []
    for name, node in nodes.items():
        place = f'nodes["{name}"]'
        for key in node:
            require_known(place, key, ("model", "n", "params"))
        model = _option(place, "model", node.get("model"), NODES)
        params[name] = {"model": model, **with_defaults(place, model, node.get("params", {}))}
        populations.append(_population(place, name, node.get("n", 1), params[name]))
    projections = [
        _projection(f"connections[{index}]", connection, params)
        for index, connection in enumerate(connections)
    ]
    return Network(populations=populations, projections=projections)


def to_nest_parameters(
    network: Network, *, model: str = "gif_psc_exp", C_m: float = 250.0
) -> dict[str, Any]:
    """Say a network in the words of NEST.

    Parameters
    ----------
    network : Network
        Of LIF and GIF neurons with constant drive.
    model : {"gif_psc_exp", "gif_pop_psc_exp"}
        Neuron by neuron, or one node for each population. The latter has static synapses
        alone, of which the connection probability scales the weight.
    C_m : float
        Capacitance, pF, which drops out of everything but currents.

    Returns
    -------
    dict
        ``nodes`` and ``connections`` as `from_nest_parameters` takes them.

    Raises
    ------
    ValueError
        If NEST's models cannot do what the network does; the error says what.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lif-up-down")
    >>> words = mp.to_nest_parameters(net)
    >>> words["connections"][0]["syn_spec"]["tau_rec"]
    100.0
    >>> mp.from_nest_parameters(**words).population("E") == net.population("E")
    True
    """
    _option("to_nest_parameters", "model", model, NODES)
    C_m = require_number("C_m", C_m, "pF", gt=0)
    nodes = {
        population.name: _node(population, model, C_m, _tau_syn(network, population.name))
        for population in network.populations
    }
    connections = [_connection(projection, model, C_m) for projection in network.projections]
    return {"nodes": nodes, "connections": connections}


# --- From NEST -----------------------------------------------------------------------------------


def _population(place: str, name: str, n: int, params: Mapping[str, Any]) -> Population:
    def number(key: str, gt: float | None = None) -> float:
        return nest_number(place, params, key, gt=gt)

    C_m = number("C_m", gt=0)
    if params["model"] == "gif_psc_exp":
        tau_m, size = C_m / number("g_L", gt=0), n
    else:
        tau_m, size = number("tau_m"), params["N"]
        if require_integer(f'{place}["n"]', n) != 1:
            raise refusal(f'{place}: "n"', "1, one node for the population", n)
    kernels: list[ThresholdKernel | SpikeTriggeredCurrent] = [
        ThresholdKernel(amplitude=q, tau=tau) for q, tau in _kernels(place, params, "sfa")
    ]
    if "q_stc" in params:
        kernels += [
            # A current that is subtracted, pA: of drive it is that over the leak, mV.
            SpikeTriggeredCurrent(amplitude=q * tau_m / C_m, tau=tau)
            for q, tau in _kernels(place, params, "stc")
        ]
    try:
        lif: dict[str, Any] = {
            "tau_m": tau_m,
            "v_th": number("V_T_star"),
            "v_reset": number("V_reset"),
            "t_ref": number("t_ref"),
            "delta_u": number("Delta_V", gt=0),
            "rate_at_threshold": number("lambda_0", gt=0),
        }
        return Population(
            name,
            size=size,
            neuron=GIF(**lif, adaptation=kernels) if kernels else LIF(**lif),
            drive=number("E_L") + number("I_e") * tau_m / C_m,
        )
    except ValueError as error:
        raise error if str(error).startswith(place) else ValueError(f"{place}: {error}") from None


def _kernels(place: str, params: Mapping[str, Any], kind: str) -> list[tuple[float, float]]:
    # Amplitudes and time constants; those without amplitude do nothing.
    amplitudes, taus = (np.atleast_1d(params[f"{name}_{kind}"]).tolist() for name in ("q", "tau"))
    if len(amplitudes) != len(taus):
        raise ValueError(
            f'{place}: length of "q_{kind}" ({len(amplitudes)}) must match '
            f'length of "tau_{kind}" ({len(taus)})'
        )
    return [
        (
            require_number(f'{place}["q_{kind}"]', q, "mV" if kind == "sfa" else "pA"),
            require_number(f'{place}["tau_{kind}"]', tau, "ms", gt=0),
        )
        for q, tau in zip(amplitudes, taus, strict=True)
        if q != 0
    ]


def _projection(
    place: str, connection: Mapping[str, Any], params: Mapping[str, Mapping[str, Any]]
) -> Projection:
    for key in connection:
        require_known(place, key, ("pre", "post", "conn_spec", "syn_spec", "name"))
    for end in ("pre", "post"):
        if connection.get(end) not in params:
            hint = did_you_mean(str(connection.get(end)), params)
            raise ValueError(f'{place}: {end} "{connection.get(end)}" is not a node; {hint}')
    source, target = params[connection["pre"]], params[connection["post"]]
    spec = connection.get("syn_spec", {})
    spec = {"synapse_model": spec} if isinstance(spec, str) else dict(spec)
    model = spec.pop("synapse_model", "static_synapse")
    place_of_spec = f"{place}: syn_spec"
    _option(place_of_spec, "synapse_model", model, SYNAPSES)
    synapse = with_defaults(place_of_spec, model, spec)
    weight = nest_number(place_of_spec, synapse, "weight")
    receptor = "tau_syn_ex" if weight >= 0 else "tau_syn_in"
    tau_s = nest_number(f'nodes["{connection["post"]}"]', target, receptor, gt=0)
    stp = None
    if model == "tsodyks2_synapse":
        if source["model"] == "gif_pop_psc_exp":
            raise ValueError(
                f"{place}: NEST's tsodyks2_synapse takes a gif_pop_psc_exp for one single neuron; "
                "give the neurons as gif_psc_exp"
            )
        U = nest_number(place_of_spec, synapse, "U")
        stp = TsodyksMarkram(
            U0=U,
            U=U,
            tau_d=nest_number(place_of_spec, synapse, "tau_rec"),
            tau_f=nest_number(place_of_spec, synapse, "tau_fac"),
        )
    return Projection(
        connection["pre"],
        connection["post"],
        weight=weight * tau_s / target["C_m"],
        probability=_probability(place, connection.get("conn_spec", "all_to_all")),
        tau_s=tau_s,
        delay=nest_number(place_of_spec, synapse, "delay"),
        stp=stp,
        name=connection.get("name"),
    )


def _probability(place: str, conn_spec: Any) -> float:
    spec: dict[str, Any] = {"rule": conn_spec} if isinstance(conn_spec, str) else dict(conn_spec)
    rule = _option(
        f"{place}: conn_spec", "rule", spec.pop("rule", None), ("all_to_all", "pairwise_bernoulli")
    )
    known = ("p",) if rule == "pairwise_bernoulli" else ()
    for key in spec:
        require_known(f"{place}: conn_spec", key, known)
    if rule == "all_to_all":
        return 1.0
    if "p" not in spec:
        raise ValueError(f'{place}: conn_spec: missing key "p"')
    return require_number(f'{place}: conn_spec["p"]', spec["p"], ge=0, le=1)


def _option(place: str, name: str, value: Any, options: tuple[str, ...]) -> str:
    if value not in options:
        raise ValueError(f"{place}: unknown {name} {value!r}; {did_you_mean(str(value), options)}")
    return str(value)


# --- To NEST -------------------------------------------------------------------------------------


def _node(
    population: Population, model: str, C_m: float, tau_syn: Mapping[str, float]
) -> dict[str, Any]:
    what, neuron = f'population "{population.name}"', population.neuron
    if not isinstance(neuron, LIF):
        raise refusal(f"{what}: neurons", "LIF or GIF", neuron)
    if neuron.escape != "exponential":
        raise refusal(f"{what}: escape", '"exponential"', neuron.escape)
    if not isinstance(population.drive, float):
        raise refusal(f"{what}: drive", "constant", population.drive)
    kernels = neuron.adaptation if isinstance(neuron, GIF) else ()
    thresholds = [kernel for kernel in kernels if isinstance(kernel, ThresholdKernel)]
    currents = [kernel for kernel in kernels if isinstance(kernel, SpikeTriggeredCurrent)]
    params: dict[str, Any] = {
        "C_m": C_m,
        "E_L": 0.0,
        "I_e": population.drive * C_m / neuron.tau_m,
        "t_ref": neuron.t_ref,
        "V_T_star": neuron.v_th,
        "V_reset": neuron.v_reset,
        "Delta_V": neuron.delta_u,
        "lambda_0": neuron.rate_at_threshold,
        "tau_sfa": [kernel.tau for kernel in thresholds],
        "q_sfa": [kernel.amplitude for kernel in thresholds],
        **tau_syn,
    }
    if model == "gif_psc_exp":
        params |= {
            "g_L": C_m / neuron.tau_m,
            "tau_stc": [kernel.tau for kernel in currents],
            "q_stc": [kernel.amplitude * C_m / neuron.tau_m for kernel in currents],
        }
        return {"model": model, "n": population.size, "params": params}
    if currents:
        raise refusal(f"{what}: adaptation", "of the threshold", currents[0])
    if not thresholds:
        # By default there is some.
        params |= {"tau_sfa": [1.0], "q_sfa": [0.0]}
    params |= {"N": population.size, "tau_m": neuron.tau_m}
    return {"model": model, "n": 1, "params": params}


def _tau_syn(network: Network, target: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for projection in network.projections:
        if projection.target != target:
            continue
        name = "tau_syn_ex" if projection.weight >= 0 else "tau_syn_in"
        if projection.tau_s == 0 or found.setdefault(name, projection.tau_s) != projection.tau_s:
            raise refusal(
                f'projection "{projection.label}": tau_s',
                "> 0 ms and the same for all synapses of one sign onto a population",
                projection.tau_s,
                "ms",
            )
    return found


def _connection(projection: Projection, model: str, C_m: float) -> dict[str, Any]:
    what = f'projection "{projection.label}"'
    if projection.delay == 0:
        raise refusal(f"{what}: delay", "> 0 ms", projection.delay, "ms")
    if isinstance(projection.delay, DelayDistribution):
        raise refusal(f"{what}: delay", "the same for all synapses", projection.delay)
    if projection.connectivity not in (None, Bernoulli()):
        raise refusal(f"{what}: connectivity", "Bernoulli()", projection.connectivity)
    weight = projection.weight * C_m / projection.tau_s
    conn_spec: dict[str, Any] = {"rule": "all_to_all"}
    if model == "gif_pop_psc_exp":
        weight *= projection.probability
    elif projection.probability < 1:
        conn_spec = {"rule": "pairwise_bernoulli", "p": projection.probability}
    syn_spec = {"synapse_model": "static_synapse", "weight": weight, "delay": projection.delay}
    if projection.stp is not None:
        if model == "gif_pop_psc_exp":
            raise refusal(f"{what}: synapses", "static", projection.stp)
        syn_spec |= {"synapse_model": "tsodyks2_synapse", **_tsodyks2(what, projection.stp)}
    named = {} if projection.name is None else {"name": projection.name}
    ends = {"pre": projection.source, "post": projection.target}
    return {**ends, "conn_spec": conn_spec, "syn_spec": syn_spec, **named}


def _tsodyks2(what: str, stp: TsodyksMarkram) -> dict[str, float]:
    if stp.per_neuron is not None:
        raise refusal(f"{what}: {stp.per_neuron}", "the same for all neurons", stp)
    U0, U, tau_d = float(stp.U0), float(stp.U), float(stp.tau_d)
    if tau_d == 0:
        raise refusal(f"{what}: tau_d", "> 0 ms", tau_d, "ms")
    # Without increments, or time to keep them, u = U0 at every spike.
    tau_f = float(stp.tau_f) if U > 0 else 0.0
    if tau_f > 0 and U != U0:
        raise refusal(f"{what}: U", f"0 or U0 = {U0!r}", U)
    return {"U": U0, "tau_rec": tau_d, "tau_fac": tau_f, "u": 0.0, "x": 1.0}
