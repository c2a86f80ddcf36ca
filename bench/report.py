"""What a benchmark prints: the machine, Markdown tables, and which targets were met."""

from __future__ import annotations

import sys
from pathlib import Path

from tabulate import tabulate

from timing import machine


class Report:
    """Tables on standard output; the exit status tells whether all targets were met."""

    def __init__(self) -> None:
        self._missed: list[str] = []
        command = " ".join(["python", "bench/" + Path(sys.argv[0]).name, *sys.argv[1:]])
        print(f"`{command}`\n\n{machine()}\n")

    def at_most(self, what: str, value: float, bound: float) -> str:
        """Note whether a target was met: the text for the table."""
        if value <= bound:
            return "met"
        self._missed.append(f"{what}: {value:.3g} > {bound:g}")
        return "missed"

    def at_least(self, what: str, value: float, bound: float) -> str:
        """Note whether a target was met: the text for the table."""
        if value >= bound:
            return "met"
        self._missed.append(f"{what}: {value:.3g} < {bound:g}")
        return "missed"

    def table(self, title: str, rows: list[dict[str, object]]) -> None:
        """Print rows with equal keys."""
        print(f"### {title}\n")
        print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))
        print(flush=True)

    def text(self, text: str) -> None:
        """Print a paragraph."""
        print(text + "\n", flush=True)

    def close(self) -> None:
        """Exit with status 1 if a target was missed."""
        if self._missed:
            sys.exit("Missed: " + "; ".join(self._missed))
        print("All targets met.")
