"""The command ``mesopop``."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mesopop import __version__, presets
from mesopop.chosen_experiment import chosen, existing_file, overridden
from mesopop.experiment import Experiment
from mesopop.figures import names as figure_names
from mesopop.settings import CLOSURES, LEVELS
from mesopop.validation import require_integer, require_number

RESULTS, CONFIG = Path("mesopop-results"), "config.toml"
UNBROKEN: Any = {"break_on_hyphens": False, "break_long_words": False}
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
CLOSED = 141  # as shells say of a program that SIGPIPE has ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        Exit status: 0, or 1 if a simulation failed, 2 for bad input, 130 after Ctrl-C, 141 if
        standard output was closed before everything was printed (files are written before that).
    """
    try:
        try:
            options = _parser().parse_args(arguments)
            return int(options.command(options))
        finally:
            # Here, since nothing could catch what goes wrong when the interpreter does it at exit.
            sys.stdout.flush()
    except BrokenPipeError:
        # So that what is left in the buffer does not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    except KeyboardInterrupt:
        print("mesopop: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"mesopop: error: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mesopop",
        description="Populations of spiking neurons with synaptic short-term plasticity, neuron by "
        "neuron and mesoscopically.",
    )
    parser.add_argument("--version", action="version", version=f"mesopop {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(command=partial(_help, parser))

    run = commands.add_parser(
        "run",
        help="simulate a preset or a file at both levels and compare them",
        description="Simulate neuron by neuron and mesoscopically; print a table that compares "
        "them; write results, table, configuration and figure to a folder.",
    )
    run.add_argument("experiment", metavar="PRESET|CONFIG.toml", help="what to simulate")
    run.add_argument(
        "--output", type=Path, metavar="DIR", help=f"folder to write to (default: {RESULTS}/NAME)"
    )
    run.add_argument("--duration", type=float, metavar="S", help="biological seconds of each trial")
    run.add_argument("--trials", type=int, metavar="N", help="independent repetitions")
    run.add_argument("--seed", type=int, metavar="N", help="of the random numbers")
    run.add_argument(
        "--level", choices=LEVELS, help="only this one (default: that of the file, else both)"
    )
    run.add_argument(
        "--closure",
        nargs="+",
        default=(),
        metavar="NAME",
        help=f"of the mesoscopic level, one or several of {', '.join(CLOSURES)}",
    )
    run.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of a preset, e.g. synapse=mixed of feedforward; see `mesopop presets`",
    )
    run.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    run.add_argument(
        "--checkpoint",
        type=float,
        nargs="?",
        const=60.0,
        metavar="S",
        help="save the state to the folder every S seconds of elapsed time (60 if no number is "
        "given), so that a run that is killed can go on",
    )
    run.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoints in the folder, if there are any; otherwise the same "
        "command",
    )
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(command=_run)

    sweep = commands.add_parser(
        "sweep",
        help="simulate many points of the parameters of a file",
        description="Simulate an experiment at every point of its table [sweep] and print a table. "
        "Finished runs are saved in a folder at once; after an interruption --resume goes on.",
    )
    sweep.add_argument("experiment", metavar="CONFIG.toml", help="what to simulate")
    sweep.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=f"folder to write to (default: {RESULTS}/NAME-sweep)",
    )
    sweep.add_argument(
        "--workers", type=int, metavar="N", help="processes (default: one for each processor)"
    )
    sweep.add_argument(
        "--resume",
        action="store_true",
        help="go on with the same sweep if the folder holds its beginning",
    )
    sweep.add_argument("--quiet", action="store_true", help="print nothing but errors")
    sweep.set_defaults(command=_sweep)

    figures = commands.add_parser(
        "figures",
        help="make the figures that show how the levels agree, with their numbers",
        description="Simulate the evidence for the equations, print tables, and write figures and "
        f"tables to a folder: {', '.join(figure_names())}.",
    )
    figures.add_argument("figures", nargs="*", metavar="NAME|all", help="which (default: all)")
    figures.add_argument(
        "--output",
        type=Path,
        default=RESULTS / "figures",
        metavar="DIR",
        help=f"folder to write to (default: {RESULTS}/figures)",
    )
    figures.add_argument(
        "--long",
        action="store_true",
        help="publication quality: three to ten times as much of everything",
    )
    figures.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    figures.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    figures.add_argument("--quiet", action="store_true", help="print nothing but errors")
    figures.set_defaults(command=_figures)

    commands.add_parser(
        "presets", help="list the presets", description="List the presets."
    ).set_defaults(command=_presets)
    commands.add_parser(
        "info",
        help="show versions and how the compiled core was built",
        description="Show versions and how the compiled core was built.",
    ).set_defaults(command=_info)
    return parser


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help()
    return BAD_INPUT


def _run(options: argparse.Namespace) -> int:
    from mesopop.experiment_report import as_text, write_folder
    from mesopop.experiment_run import remove_checkpoints, run_experiment

    survives = options.resume or options.checkpoint is not None
    try:
        _check_numbers(options)
        name, experiment = chosen(options.experiment, options.option)
        folder = RESULTS / name if options.output is None else options.output
        goes_on = options.resume and (folder / CONFIG).exists()
        experiment = overridden(
            experiment,
            level=options.level,
            closures=options.closure,
            duration=options.duration,
            trials=options.trials,
            seed=options.seed,
            begun=folder / CONFIG if goes_on else None,
        )
        folder.mkdir(parents=True, exist_ok=True)
        if survives:
            _prepare_checkpoints(experiment, folder, options)
        run = run_experiment(
            experiment,
            n_threads=options.threads,
            checkpoints=folder if survives else None,
            checkpoint_every=60.0 if options.checkpoint is None else options.checkpoint,
            progress=not options.quiet,
        )
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"mesopop run: error: {error}", file=sys.stderr)
        return BAD_INPUT
    # Before anything is printed, which fails if nobody reads it any more.
    written = write_folder(run, folder, name)
    if survives and run.complete:
        remove_checkpoints(run, folder)
    if not options.quiet:
        print(as_text(run))
        print(f"\nWritten to {folder}{os.sep}")
        names = "  ".join(path.name for path in written)
        print(textwrap.fill(names, 80, initial_indent="  ", subsequent_indent="  ", **UNBROKEN))
    for level in run.levels:
        if level.failure:
            print(f"mesopop run: error: {level.failure}", file=sys.stderr)
            return FAILED
    if run.complete:
        return 0
    if survives and not options.quiet:
        print("\nThe same command with --resume goes on from here.")
    return INTERRUPTED


def _prepare_checkpoints(experiment: Experiment, folder: Path, options: argparse.Namespace) -> None:
    import signal

    from mesopop.experiment_run import checkpoints_in

    left = checkpoints_in(folder)
    if not left:
        # With the seed that was drawn, to go on with.
        experiment.to_toml(folder / CONFIG)
    elif not options.resume:
        raise ValueError(
            f"{folder} holds {left[0].name} of a run that was stopped: add --resume to go on, or "
            "remove it"
        )
    # What schedulers send before they kill: stop as after Ctrl-C, with a last checkpoint.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _sweep(options: argparse.Namespace) -> int:
    from mesopop.sweeps.command import run_sweep

    try:
        _check_numbers(options)
        source = existing_file(options.experiment)
        folder = RESULTS / f"{source.stem}-sweep" if options.output is None else options.output
        failed = run_sweep(
            source,
            folder,
            workers=options.workers,
            resume=options.resume,
            quiet=options.quiet,
        )
    except BrokenPipeError:
        raise
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"mesopop sweep: error: {error}", file=sys.stderr)
        return BAD_INPUT
    except RuntimeError as error:
        print(f"mesopop sweep: error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("mesopop sweep: interrupted; --resume goes on from here", file=sys.stderr)
        return INTERRUPTED
    if failed:
        print(f"mesopop sweep: error: {failed}", file=sys.stderr)
        return FAILED
    return 0


def _figures(options: argparse.Namespace) -> int:
    from mesopop.figures.command import chosen as chosen_figures
    from mesopop.figures.command import make_figures
    from mesopop.figures.exhibit import Effort

    try:
        _check_numbers(options)
        effort = Effort(long=options.long, seed=options.seed, n_threads=options.threads)
        make_figures(chosen_figures(options.figures), options.output, effort, quiet=options.quiet)
    except (ValueError, TypeError) as error:
        print(f"mesopop figures: error: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


# Least values of the options that are integers.
_LEAST = {"trials": 1, "seed": 0, "threads": 1, "workers": 1}


def _check_numbers(options: argparse.Namespace) -> None:
    # Here, so that errors name the options and their units, not the arguments that they become.
    for name, least in _LEAST.items():
        value = getattr(options, name, None)
        if value is not None:
            require_integer(f"--{name}", value, ge=least)
    if getattr(options, "checkpoint", None) is not None:
        require_number("--checkpoint", options.checkpoint, "s", ge=0)


def _presets(_: argparse.Namespace) -> int:
    print(f"{'preset':<24}neurons")
    for name in presets.names():
        experiment = presets.experiment(name)
        neurons = sum(population.size for population in experiment.network.populations)
        print(f"{name:<24}{neurons:>7}  {experiment.title}")
        for option, values in presets.options(name).items():
            print(f"{'':<33}--option {option}={'|'.join(values)}")
    print("\nSimulate one with `mesopop run NAME`.")
    return 0


def _info(_: argparse.Namespace) -> int:
    from mesopop.installation import as_text

    print(as_text())
    return 0
