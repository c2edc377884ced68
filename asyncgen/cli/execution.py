"""Carry out the main job, in this process or on a cluster, and report on it."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from asyncgen.cli.address_and_key import BASE_URL_VARIABLE, OLD_BASE_URL_VARIABLE
from asyncgen.cli.addresses import address_lines
from asyncgen.cli.command_line import (
    KEY_IS_VISIBLE,
    has_key,
    this_command,
    this_command_from_anywhere,
    with_larger_budget,
)
from asyncgen.cli.run_job import Job
from asyncgen.cli.servers import serve
from asyncgen.cli.setting_names import in_flags
from asyncgen.config import DEFAULT_BASE_URL, MOST_AUTOMATIC, RunConfig
from asyncgen.engine.event_loop import run_loop
from asyncgen.errors import AsyncgenError, DirectoryError, DiskError, Exit, Interrupted
from asyncgen.events import CheckpointSaved, Event, RepairStarted, RunStarted

if TYPE_CHECKING:
    from asyncgen.quality.flaws import DirectoryFlaws
    from asyncgen.storage.second_name import SecondName

BEGIN_ANEW = "choose another {output}, or --restart to move everything aside and start over"
TWIN = 0.05  # seconds: `timeout` signals the process and then its group, with it; no person is as fast
RESUMABLE = {Exit.BUDGET, Exit.DISK, Exit.TRY_LATER, Exit.KEY_OR_QUOTA, Exit.INTERRUPTED}


def carry_out(job: Job, args: argparse.Namespace, flaws: "DirectoryFlaws | None" = None) -> int:
    """Run, or regenerate rows with flaws; and report on it."""
    from asyncgen.cli.console import Console  # noqa: PLC0415 - not for --help
    from asyncgen.cli.event_log_file import log_file_of  # noqa: PLC0415
    from asyncgen.cli.hints import prompts_of  # noqa: PLC0415

    console = Console(
        progress=not args.no_progress,
        verbose=args.verbose,
        quiet=args.quiet,
        log_file=log_file_of(args),
        prompts=prompts_of(job.config),
    )
    with console:
        console.paths(job.config, job.output_file)
        if job.tier is not None:
            console.say(f"Tier:    {job.tier}")
        if job.local is not None:
            console.say(f"Server:  {job.local}")
        if job.profile is not None:
            console.say(
                "Server:  simulated: nothing is charged, costs are what they would be, answers make no sense"
            )
        if job.config.endpoints[0].concurrency is None and job.config.most_in_flight < MOST_AUTOMATIC:
            most = f"at most {job.config.most_in_flight:,} calls are in flight"
            console.say(f"Sockets: {most}, as this process may open no more; `ulimit -n` raises that")
        if has_key(sys.argv):
            console.warn(KEY_IS_VISIBLE)
        try:
            return run_loop(_execute(job, console, flaws))
        except AsyncgenError as error:
            # Starting over is advice for a run, not for commands on an existing one.
            anew = isinstance(error, DirectoryError) and flaws is None
            output = "--output-dir" if job.output_file is None else "-o"
            console.end(f"{in_flags(error)}; {BEGIN_ANEW.format(output=output)}" if anew else in_flags(error))
            if error.exit_code in RESUMABLE:
                console.advise(f"to resume: {with_larger_budget(this_command(sys.argv), error.settings)}")
            return error.exit_code


async def _execute(job: Job, console: Any, flaws: "DirectoryFlaws | None") -> int:
    # Slow imports, needed only if there is something to run.
    from asyncgen.engine.single_run import Run  # noqa: PLC0415
    from asyncgen.planning.survey import expectation  # noqa: PLC0415
    from asyncgen.recipes import build  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415

    config = job.config
    recipe = build(config, console.warn)
    if job.engine == "ray":
        return await _execute_on_cluster(job, console)
    async with AsyncExitStack() as stack:
        config, server = await serve(config, stack, profile=job.profile, local=job.local)
        _say_addresses(console, config)
        disk = Disk()
        stack.callback(disk.close)
        named = _second_name(job, recipe, disk)
        run = Run(
            config,
            recipe,
            [console.observe, *([] if named is None else [partial(_renew, named)])],
            disk,
            price=job.price,
            expect=await expectation(config, job.price, job.tier),
            command=this_command_from_anywhere(sys.argv),
            wording=in_flags,
        )
        handle_signals(run.stop)
        if server is not None:
            stack.callback(asyncio.create_task(server.watch(run.stop)).cancel)
        if flaws is not None:
            await run.regenerate(flaws)
            return Exit.DONE
        summary = await run.execute()
        if named is not None and not named.renew(ended=True):
            named.check()
    console.summary(summary, config, job.price, job.output_file)
    return Exit.SOME_FAILED if summary.failed_pairs else Exit.DONE


def _second_name(job: Job, recipe: Any, disk: Any) -> "SecondName | None":
    """The user's name for the output; None: the recipe's is used.

    Raises:
        BadDataError: another file is there.
    """
    if job.output_file is None:
        return None
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415
    from asyncgen.storage.second_name import SecondName  # noqa: PLC0415 - as above

    [output] = recipe.outputs
    named = SecondName(RunDirectory(disk, job.config.output_dir), output.name, job.output_file)
    named.check()
    return named


def _renew(named: "SecondName", event: Event) -> None:
    """Renew the second name whenever the file may be another one: at the start of work, and with new lines."""
    if isinstance(event, RunStarted | RepairStarted | CheckpointSaved):
        with suppress(DiskError):  # tried again at the end, and then reported
            named.renew()


async def _execute_on_cluster(job: Job, console: Any) -> int:
    from asyncgen.cluster.cluster_run import ClusterRun  # noqa: PLC0415
    from asyncgen.cluster.ray_fleet import RayCluster  # noqa: PLC0415 - as above
    from asyncgen.cluster.shard_job import ClusterJob  # noqa: PLC0415
    from asyncgen.planning.survey import expectation  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415

    config, disk = job.config, Disk()
    _say_addresses(console, config)

    def connect() -> RayCluster:
        # Ray blocks the loop until it is ready, for minutes if it cannot be reached; there is nothing to save yet.
        heeded = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
        ignored = {signal.SIGINT, signal.SIGTERM}.difference(heeded)
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)
        cluster = RayCluster()
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)  # Ray has replaced them
        handle_signals(run.stop)
        return cluster

    try:
        run = ClusterRun(
            ClusterJob(config, job.price, wording=in_flags),
            job.shards,
            job.actors,
            connect,
            [console.observe],
            disk,
            expect=await expectation(config, job.price, job.tier),
            command=this_command_from_anywhere(sys.argv),
        )
        handle_signals(run.stop)
        summary = await run.execute()
    finally:
        disk.close()
    console.summary(summary, config, job.price)
    return Exit.SOME_FAILED if summary.failed_pairs else Exit.DONE


def _say_addresses(console: Any, config: RunConfig) -> None:
    """Print the addresses: nothing of a row goes anywhere else."""
    for line in address_lines(config):
        console.say(line)
    if config.endpoints[0].base_url == DEFAULT_BASE_URL and os.environ.get(OLD_BASE_URL_VARIABLE):
        console.warn(f"{OLD_BASE_URL_VARIABLE} is the old name and is not read: set {BASE_URL_VARIABLE} instead")


def handle_signals(stop: Callable[[AsyncgenError], None]) -> None:
    """First Ctrl-C or SIGTERM: stop in order. Second: leave now; the journal has everything paid.

    The same signal again in the same moment is the first one, sent twice. A closed terminal stops in order too,
    however often it signals. Signals that were ignored at the start stay ignored: for a run that should outlive
    its terminal (nohup), or one that a script runs in the background.
    """
    asked: dict[int, float] = {}  # when first, by signal
    loop = asyncio.get_running_loop()

    def handle(number: int) -> None:
        if number in asked and loop.time() - asked[number] < TWIN:
            return
        if asked:
            with suppress(OSError):  # Ctrl-C has ended a `tee` behind the run, too
                sys.stderr.write("\nleft at once; calls in flight may be billed twice\n")
                sys.stderr.flush()
            loop.call_soon(os._exit, Exit.INTERRUPTED)  # behind the lines that the journal writes for this pass
        asked.setdefault(number, loop.time())
        stop(Interrupted("interrupted; everything paid is saved"))

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, handle, number)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(
            signal.SIGHUP, stop, Interrupted("the terminal was closed; everything paid is saved")
        )
