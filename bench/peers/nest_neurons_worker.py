"""Runs in the environment of NEST: one population of `gif_psc_exp` neurons, see `peers.neurons`."""

import json
import math
import os
import resource
import sys
import time

# NEST prints a banner on import; the answers go to what was standard output before.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import nest  # noqa: E402

CAPACITANCE = 250.0  # pF; drops out
SAMPLE = 200  # neurons whose current is averaged


class Population:
    def __init__(self, d):
        start = time.process_time()
        nest.ResetKernel()
        nest.set(resolution=d["dt"], local_num_threads=1, print_time=False, rng_seed=d["seed"])
        n = d["neuron"]
        self.neurons = nest.Create(
            "gif_psc_exp",
            d["size"],
            params={
                "C_m": CAPACITANCE,
                "g_L": CAPACITANCE / n["tau_m"],
                "E_L": 0.0,
                "V_m": 0.0,
                "V_reset": n["v_reset"],
                "V_T_star": n["v_th"],
                "Delta_V": n["delta_u"],
                "lambda_0": n["rate_at_threshold"],
                "t_ref": n["t_ref"],
                "tau_syn_ex": d["tau_s"],
                "I_e": d["drive"] * CAPACITANCE / n["tau_m"],
            },
        )
        self.weight = d["weight"] * CAPACITANCE / d["tau_s"]  # pA
        self.tau_s = d["tau_s"]
        nest.Connect(
            self.neurons,
            self.neurons,
            {"rule": "pairwise_bernoulli", "p": d["probability"]}
            if d["probability"] < 1
            else {"rule": "all_to_all"},
            {
                "synapse_model": "tsodyks2_synapse",
                "weight": self.weight,
                "delay": d["delay"],
                "U": d["stp"]["U"],
                "u": d["stp"]["U"],
                "x": 1.0,
                "tau_rec": d["stp"]["tau_d"],
                "tau_fac": d["stp"]["tau_f"],
            },
        )
        self.recorded = False
        nest.Simulate(d["dt"])  # also prepares what NEST leaves to the first step
        self.build_seconds = time.process_time() - start

    def simulate(self, duration):
        start = time.process_time()
        nest.Simulate(duration)
        return {"cpu_seconds": time.process_time() - start}

    def measure(self, duration, pieces):
        """Mean rate (Hz) and release (Hz), from the currents that arrive, of each piece."""
        if not self.recorded:
            self.counter = nest.Create("spike_recorder")
            self.meter = nest.Create(
                "multimeter", params={"record_from": ["I_syn_ex"], "interval": 1.0}
            )
            nest.Connect(self.neurons, self.counter)
            sample = self.neurons[:SAMPLE]
            nest.Connect(self.meter, sample)
            # Their own in-degrees: that these differ must not look like a difference of releases.
            self.inputs = len(nest.GetConnections(self.neurons, sample)) / SAMPLE
            self.recorded = True
        rates, releases = [], []
        for _ in range(pieces):
            self.counter.n_events = 0
            self.meter.n_events = 0
            nest.Simulate(duration)
            rates.append(1000 * self.counter.n_events / (len(self.neurons) * duration))
            current = float(self.meter.events["I_syn_ex"].mean())
            # Recorded after the arrivals of each step: what arrives per step is what decays in it.
            arriving = current * -math.expm1(-nest.resolution / self.tau_s)
            releases.append(1000 * arriving / (self.weight * self.inputs * nest.resolution))
        return {"rates": rates, "releases": releases}

    def memory(self):
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"megabytes": kilobytes / (1024 if sys.platform != "darwin" else 1024**2)}


population = None
for line in sys.stdin:
    arguments = json.loads(line)
    request = arguments.pop("request")
    if request == "build":
        population = Population(arguments["description"])
        answer = {"version": nest.__version__, "cpu_seconds": population.build_seconds}
    else:
        answer = getattr(population, request)(**arguments)
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
