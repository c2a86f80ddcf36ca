"""The figure of docs/theory.md: stationary rates, a phase plane, a bifurcation diagram, a spectrum.

python docs/examples/theory.py [FILE.png]
"""

import sys

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import mesopop as mp
from mesopop.plot.style import PAGE_STYLE

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
GIF = mp.GIF(
    tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10,
    adaptation=[mp.ThresholdKernel(amplitude=2, tau=100)],
)  # fmt: skip
BURSTING = mp.presets.load("lnp-population-spikes")


def noisy_oscillator(size=1000):
    """LNP neurons with a delay near an oscillation."""
    return mp.Network(
        populations=[
            mp.Population("E", size=size, neuron=mp.LNP(10, transfer=mp.Softplus(2.0)), drive=22.0)
        ],
        projections=[
            mp.Projection("E", "E", weight=-280 / size, tau_s=3, delay=10,
                          stp=mp.TsodyksMarkram(U0=0.5, U=0, tau_d=50)),
        ],
    )  # fmt: skip


def draw(figure):
    axes = figure.subplots(2, 2)
    mp.plot.transfer_curve(
        LIF, GIF, start=5, stop=35, labels=["LIF", "with adaptation"], ax=axes[0, 0]
    )

    plane = mp.theory.phase_plane(BURSTING, first=(-10, 40), second=(0.2, 1.02))
    run = mp.simulate(BURSTING, 5000, dt=0.1, level="meso", seed=3)
    trajectory = run.potential["E"], run.x["E->E"]
    mp.plot.phase_plane(plane, trajectory=trajectory, ax=axes[0, 1])

    path = "populations.E.drive"
    diagram = mp.theory.bifurcation_diagram(BURSTING, path, -8, 4, closure="first_order")
    envelope = mp.theory.envelope(BURSTING, path, np.arange(-8, 4.01, 0.5), dt=0.1)
    mp.plot.bifurcation_diagram(diagram, envelope=envelope, ax=axes[1, 0])

    network = noisy_oscillator()
    frequency = np.geomspace(1, 200, 300)
    theory = mp.theory.linear_spectrum(network, frequency)
    run = mp.simulate(network, 201_000, dt=0.1, level="meso", seed=4, record_dt=1).after(1000)
    measured = mp.analysis.power_spectrum(run.rate["E"], dt=1.0)
    mp.plot.power_spectrum(measured, theory=(frequency, theory.rate["E"]), ax=axes[1, 1])


def main(path="docs/figures/theory.png"):
    with matplotlib.rc_context(PAGE_STYLE):
        figure = Figure(figsize=(9, 6.4), layout="constrained")
        draw(figure)
        figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
