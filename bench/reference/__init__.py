"""Readable NumPy references of the microscopic and mesoscopic models.

Written to be read beside the equations, and to be compared number by number with faster programs.
They take the network objects of mesopop by their attributes and nothing else from it.
"""

from .draws import Draws, NumpyDraws
from .keyed_draws import KeyedDraws, Stream
from .mesoscopic import simulate_mesoscopic
from .microscopic import simulate_microscopic

__all__ = [
    "Draws",
    "KeyedDraws",
    "NumpyDraws",
    "Stream",
    "simulate_mesoscopic",
    "simulate_microscopic",
]
