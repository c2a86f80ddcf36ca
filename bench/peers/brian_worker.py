"""Runs in the environment of Brian2: one population, compiled to a program of its own; see
`peers.neurons`. Reads a JSON description from stdin, answers on stdout."""

import json
import os
import resource
import sys
import tempfile
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import brian2 as b2  # noqa: E402
import numpy as np  # noqa: E402

# u and x per neuron: every synapse of a neuron has the same history.
EQUATIONS = """
dV/dt = (drive - V)/tau_m + I : 1 (unless refractory)
dI/dt = -I/tau_s : 1/second
u : 1
x : 1
released : 1
total : 1
fired : 1
last : second
hazard = rate_at_threshold * exp((V - v_th)/delta_u) : Hz
old_hazard : Hz
"""
RESET = """
u = U + (u - U) * exp(-(t - last)/tau_f)
x = 1 + (x - 1) * exp(-(t - last)/tau_d)
released = u * x
total += released
fired += 1
u += U * (1 - u)
x -= released
last = t
V = v_reset
"""


def run(d):
    """Simulate the transient, then `pieces` times `duration` ms."""
    directory = tempfile.mkdtemp()
    b2.set_device("cpp_standalone", build_on_run=False, directory=directory)
    b2.seed(d["seed"])
    b2.defaultclock.dt = d["dt"] * b2.ms
    n = d["neuron"]
    names = {
        **{name: n[name] for name in ("v_th", "delta_u", "v_reset")},
        **{name: n[name] * b2.ms for name in ("tau_m", "t_ref")},
        **{name: d["stp"][name] * b2.ms for name in ("tau_d", "tau_f")},
        "U": d["stp"]["U"],
        "rate_at_threshold": n["rate_at_threshold"] * b2.Hz,
        "tau_s": d["tau_s"] * b2.ms,
        "drive": d["drive"],
        "step": d["dt"] * b2.ms,
        "jump": d["weight"] / (d["tau_s"] * b2.ms),
    }
    neurons = b2.NeuronGroup(
        d["size"],
        EQUATIONS,
        threshold="rand() < 1 - exp(-(old_hazard + hazard)*step/2)",
        reset=RESET,
        refractory="t_ref",
        method="exact",
        namespace=names,
    )
    neurons.u, neurons.x = d["stp"]["U"], 1.0
    neurons.run_regularly("old_hazard = hazard", when="before_groups")
    synapses = b2.Synapses(
        neurons, neurons, on_pre="I_post += jump * released_pre", namespace=names
    )
    if d["probability"] < 1:
        synapses.connect(p=d["probability"])
    else:
        synapses.connect()
    synapses.delay = d["delay"] * b2.ms
    counts = b2.StateMonitor(
        neurons, ["fired", "total"], record=True, dt=d["duration"] * b2.ms, when="start"
    )
    network = b2.Network(neurons, synapses, counts)
    # One more step, at whose start the end of the last piece is recorded.
    network.run((d["transient"] + d["duration"] * d["pieces"] + d["dt"]) * b2.ms)
    start = time.perf_counter()
    b2.device.build(directory=directory, compile=True, run=False, debug=False)
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    b2.device.run(directory, with_output=False, run_args=[])
    ran = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    per_hz = d["size"] * d["duration"] / 1000

    def of_pieces(values):
        return (np.diff(values.sum(axis=0))[-d["pieces"] :] / per_hz).tolist()

    return {
        "version": b2.__version__,
        "compile_seconds": compiled,
        "build_seconds": ran - b2.device._last_run_time,
        "run_seconds": b2.device._last_run_time,
        "megabytes": usage,
        "rates": of_pieces(counts.fired),
        "releases": of_pieces(counts.total),
    }


answers.write(json.dumps(run(json.load(sys.stdin))) + "\n")
answers.flush()
