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
    nodes[:] = [nest.Create("gif_pop_psc_exp", params=p) for p in description["nodes"]]
    delays = [c["delay"] for c in description["connections"]]
    if delays:
        # Multimeters are connected by this synapse; a delay of its own would change the slices.
        nest.SetDefaults("static_synapse", {"delay": min(delays)})
    for c in description["connections"]:
        synapse = {"weight": c["weight"], "delay": c["delay"]}
        nest.Connect(nodes[c["source"]], nodes[c["target"]], syn_spec=synapse)
    return {"version": nest.__version__}


def simulate(duration):
    """Advance without recording."""
    start = time.process_time()
    nest.Simulate(duration)
    return {"cpu_seconds": time.process_time() - start}


def rates(duration, pieces):
    """Advance while counting all spikes."""
    if not recorders:
        settings = {"record_from": ["n_events"], "interval": nest.resolution}
        for node in nodes:
            recorders.append(nest.Create("multimeter", params=settings))
            nest.Connect(recorders[-1], node)
    found = [[] for _ in nodes]
    for _ in range(pieces):
        for recorder in recorders:
            recorder.n_events = 0
        nest.Simulate(duration)
        for of_node, recorder, node in zip(found, recorders, nodes, strict=True):
            counts = recorder.events["n_events"]
            of_node.append(1000 * float(counts.mean()) / (node.N * nest.resolution))
    return {"rates": found}


def memory():
    """Largest resident set so far."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"megabytes": kilobytes / (1024 if sys.platform != "darwin" else 1024**2)}


REQUESTS = {"build": build, "simulate": simulate, "rates": rates, "memory": memory}

for line in sys.stdin:
    arguments = json.loads(line)
    answer = REQUESTS[arguments.pop("request")](**arguments)
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
