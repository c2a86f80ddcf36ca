"""``mesopop figures``: make figures, and write each with its numbers to a folder."""

from __future__ import annotations

import tempfile
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from mesopop.figures import make, names
from mesopop.figures.exhibit import WIDTH, Effort, Exhibit

ALL = "all"
DOTS_PER_INCH = 150


def chosen(arguments: Sequence[str]) -> tuple[str, ...]:
    """The figures that are meant: all of them if "all" is among the names, or none is given.

    Raises
    ------
    ValueError
        If a name is unknown; the error names the nearest.
    """
    from mesopop.validation import did_you_mean

    for name in arguments:
        if name != ALL and name not in names():
            raise ValueError(f'unknown figure "{name}"; {did_you_mean(name, (*names(), ALL))}')
    if not arguments or ALL in arguments:
        return names()
    return tuple(dict.fromkeys(arguments))


def make_figures(figures: Sequence[str], folder: Path, effort: Effort, *, quiet: bool) -> None:
    """Make figures one by one; what is finished is written at once, and stays after Ctrl-C.

    Parameters
    ----------
    figures : sequence of str
    folder : Path
        Made if need be; existing files are overwritten.
    effort : Effort
    quiet : bool
        Print nothing.

    Raises
    ------
    OSError
        If the folder cannot be written.
    KeyboardInterrupt
        After Ctrl-C.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Before anything is simulated: whether files can be made there.
    with tempfile.TemporaryFile(dir=folder):
        pass
    for position, name in enumerate(figures, 1):
        started = time.perf_counter()
        if not quiet:
            print(f"[{position}/{len(figures)}] {name} ...", flush=True)
        try:
            exhibit = make(name, effort)
            written = write(exhibit, folder, name)
        except KeyboardInterrupt:
            if not quiet:
                print(f"{position - 1} of {len(figures)} finished, in {folder}/")
            raise
        if quiet:
            continue
        print(f"\n{exhibit.text()}\n")
        files = ", ".join(path.name for path in written)
        line = f"{files}: {time.perf_counter() - started:.1f} s"
        print("\n".join(textwrap.wrap(line, WIDTH, break_on_hyphens=False)) + "\n", flush=True)
    if not quiet:
        print(f"Written to {folder}/")


def write(exhibit: Exhibit, folder: Path, name: str) -> list[Path]:
    """Write ``NAME.png``, ``NAME.txt`` (caption and tables) and the tables as ``NAME*.csv``."""
    import matplotlib
    from matplotlib.figure import Figure

    from mesopop.plot.style import PAGE_STYLE

    written = [folder / f"{name}.png", folder / f"{name}.txt"]
    # Without pyplot: no display is needed, and no state of the caller's is touched.
    with matplotlib.rc_context(PAGE_STYLE):
        figure = Figure(figsize=exhibit.size, layout="constrained")
        exhibit.draw(figure)
        figure.savefig(written[0], dpi=DOTS_PER_INCH)
    written[1].write_text(exhibit.text() + "\n", encoding="utf-8")
    for number, table in enumerate(exhibit.tables, 1):
        ending = f"-{number}" if len(exhibit.tables) > 1 else ""
        written.append(folder / f"{name}{ending}.csv")
        written[-1].write_text(table.csv(), encoding="utf-8")
    return written
