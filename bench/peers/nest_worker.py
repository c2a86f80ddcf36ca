"""Runs in the environment of NEST: one JSON request per line on stdin, one answer on stdout."""

import json
import os
import resource
import sys
import time

# NEST prints a banner on import; the answers go to what was standard output before.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import nest  # noqa: E402

nodes = []
recorders = []


def build(description):
    """Build the network of `peers.nest.nest_description`."""
    nest.ResetKernel()
    nest.set(
        resolution=description["dt"],
        local_num_threads=1,
        print_time=False,
        rng_seed=description["seed"],
    )
    named = {
        name: nest.Create(node["model"], node["n"], params=node["params"])
        for name, node in description["nodes"].items()
    }
    nodes[:] = named.values()
    delays = [c["syn_spec"]["delay"] for c in description["connections"]]
    if delays:
        # Multimeters are connected by this synapse; a delay of its own would change the slices.
        nest.SetDefaults("static_synapse", {"delay": min(delays)})
    for c in description["connections"]:
        nest.Connect(named[c["pre"]], named[c["post"]], c["conn_spec"], c["syn_spec"])
    return {"version": nest.__version__}


def simulate(duration):
    """Advance without recording."""
    start = time.process_time()
    nest.Simulate(duration)
    return {"cpu_seconds": time.process_time() - start}


def rates(duration, pieces):
    """Advance while counting all spikes."""
    of_populations = nodes[0].model == "gif_pop_psc_exp"
    if not recorders:
        for node in nodes:
            if of_populations:
                settings = {"record_from": ["n_events"], "interval": nest.resolution}
                recorders.append(nest.Create("multimeter", params=settings))
                nest.Connect(recorders[-1], node)
            else:
                recorders.append(nest.Create("spike_recorder"))
                nest.Connect(node, recorders[-1])
    found = [[] for _ in nodes]
    for _ in range(pieces):
        for recorder in recorders:
            recorder.n_events = 0
        nest.Simulate(duration)
        for of_node, recorder, node in zip(found, recorders, nodes, strict=True):
            if of_populations:
                counts = recorder.events["n_events"]
                of_node.append(1000 * float(counts.mean()) / (node.N * nest.resolution))
            else:
                of_node.append(1000 * recorder.n_events / (len(node) * duration))
    return {"rates": found}


def defaults(model):
    """Defaults of a model, as far as they are numbers or arrays of numbers."""
    found = nest.GetDefaults(model)
    plain = {key: v.tolist() if hasattr(v, "tolist") else v for key, v in found.items()}
    kinds = (int, float, list)
    return {"defaults": {key: value for key, value in plain.items() if type(value) in kinds}}


def memory():
    """Largest resident set so far."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"megabytes": kilobytes / (1024 if sys.platform != "darwin" else 1024**2)}


REQUESTS = {
    "build": build,
    "simulate": simulate,
    "rates": rates,
    "memory": memory,
    "defaults": defaults,
}

for line in sys.stdin:
    arguments = json.loads(line)
    answer = REQUESTS[arguments.pop("request")](**arguments)
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
