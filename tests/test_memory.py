"""What a network of single neurons takes, said before anything is allocated, and what it may take."""

import json
import math
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mesopop import memory

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc"
)

NETWORKS = {
    "bernoulli": """
        projection = mp.Projection("E", "E", weight=0.1, probability=0.02, tau_s=3, delay=1)
        network = mp.Network(populations=[mp.Population("E", size=40_000, neuron=LIF)], projections=[projection])
    """,
    "delays and plasticity": """
        stp = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=200, tau_f=500)
        delay = mp.DelayDistribution(np.arange(20) / 2 + 1, np.full(20, 0.05))
        projection = mp.Projection(
            "E", "E", weight=0.1, probability=50 / 80_000, connectivity=mp.FixedInDegree(),
            delay=delay, stp=stp
        )
        network = mp.Network(populations=[mp.Population("E", size=80_000, neuron=LIF)], projections=[projection])
    """,
    "explicit": """
        import scipy.sparse
        matrix = scipy.sparse.random_array((20_000, 20_000), density=0.02, rng=1)
        explicit = mp.ExplicitConnections(matrix)
        del matrix
        projection = mp.Projection("E", "E", weight=0.1, connectivity=explicit)
        network = mp.Network(populations=[mp.Population("E", size=20_000, neuron=LIF)], projections=[projection])
    """,
    "neurons": """
        gif = mp.GIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10,
                     adaptation=[mp.ThresholdKernel(amplitude=1, tau=100)])
        stp = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=np.full(400_000, 200.0), tau_f=500)
        network = mp.Network(
            populations=[mp.Population("E", size=400_000, neuron=gif)],
            projections=[mp.Projection("E", "E", weight=1e-6, stp=stp)],
        )
    """,
    "cohorts": """
        stp = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=200, tau_f=500)
        network = mp.Network(
            populations=[mp.Population("E", size=1_000_000, neuron=LIF)],
            projections=[mp.Projection("E", "E", weight=1e-6, stp=stp)],
        )
    """,
}
# The compiled description holds what is given one by one, too: 12 bytes per connection, 32 per neuron
# with parameters of its own.
DESCRIBED = {"explicit": 12 * 0.02 * 20_000**2, "neurons": 32 * 400_000}

PROGRAM = """
import json, os, sys
import numpy as np
import mesopop as mp
from mesopop import engines

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def simulation():
    return mp.Simulation(network, dt=0.5, seed=1, initial="rest", n_threads=1)

# Everything that is imported when first used.
mp.simulate(mp.presets.load("lif-up-down"), 10, dt=0.5)
"""

MEASURE = """
before = resident()
built = simulation()
allocated = resident() - before
engines.memory_limit = lambda: 1.0
try:
    simulation()
except ValueError as error:
    expected = float(str(error).split("got ")[1].split(" ")[0])
print(json.dumps([expected, allocated]))
"""

CHANGE = """
running = simulation()
before = resident()
stronger = mp.with_parameter(network, "projections.E->E.weight", 0.2)
running.change(stronger)
print(json.dumps(resident() - before))
"""


def output_of(*parts):
    program = "\n".join(textwrap.dedent(part) for part in parts)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_said_is_what_is_allocated(name):
    expected, allocated = output_of(PROGRAM, NETWORKS[name], MEASURE)
    assert allocated > 20e6
    assert expected + DESCRIBED.get(name, 0.0) == pytest.approx(allocated, rel=0.1)


def test_connections_are_not_doubled_by_a_change():
    # 64 MB of them.
    assert output_of(PROGRAM, NETWORKS["bernoulli"], CHANGE) < 20e6


# --- The limit -----------------------------------------------------------------------------------


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Control groups of this process: a function that writes the files of some."""
    monkeypatch.setattr(memory, "_PROCESS_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_LIMITS", tmp_path / "fs")

    def write(lines, **limits):
        (tmp_path / "cgroup").write_text("\n".join(lines) + "\n")
        for name, limit in limits.items():
            path = tmp_path / "fs" / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(path.name.replace("_max", ".max")).write_text(f"{limit}\n")

    return write


def test_the_limit_is_at_most_the_physical_memory():
    assert 0 < memory.memory_limit() < math.inf


def test_limits_of_control_groups(groups):
    lines = ["0::/job/step"]
    groups(lines, job__step__memory_max="max", job__memory_max=3_000_000)
    assert memory.memory_limit() == 3e6
    groups(lines, job__step__memory_max=2_000_000)
    assert memory.memory_limit() == 2e6
    groups(lines, job__step__memory_max="max", job__memory_max="max")
    assert memory.memory_limit() == memory._physical()


def test_limits_of_control_groups_of_the_first_version(groups, tmp_path):
    groups(["4:memory:/job", "3:cpuset:/", "0::/"])
    folder = tmp_path / "fs" / "memory"
    (folder / "job").mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert memory.memory_limit() == memory._physical()
    (folder / "job" / "memory.limit_in_bytes").write_text("5000000\n")
    assert memory.memory_limit() == 5e6


def test_without_control_groups(groups):
    assert memory.memory_limit() == memory._physical()


def test_limit_of_the_address_space():
    limit = 3_000_000_000
    found = output_of(f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, ({limit}, resource.RLIM_INFINITY))
        from mesopop.memory import memory_limit
        print(memory_limit())
    """)
    assert found == limit
