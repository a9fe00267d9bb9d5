"""A long run of hostile inputs: ``make fuzz``.

Guided by coverage where atheris is installed, at random otherwise; both begin with the valid files of a reader and
the damages of `fuzz.mutations`. What is found lands in ``tests/fuzz/found`` and is a test from then on; how many inputs
each reader has met, over all runs, stands in ``tests/fuzz/counts.json``.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import datetime
import faulthandler
import functools
import hashlib
import json
import logging
import random
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

COUNTS, FOUND, SCRATCH = HERE / "counts.json", HERE / "found", HERE.parents[1] / "build" / "fuzz"
LONGEST = 1 << 17
_TOLD_EVERY = 2_000
_HANG = 600  # for 500 inputs, where other processes may hold the processor


class Run:
    """Counts what inputs come to, and keeps those that break a promise, one for each place where it broke."""

    def __init__(self, name: str, folder: Path, engine: str) -> None:
        from fuzz.oracle import warm_up
        from fuzz.readers import READERS

        self.reader = READERS[name]
        self.seeds = self.reader.seeds()
        self._folder, self._engine = folder, engine
        self.counts: collections.Counter[str] = collections.Counter()
        self._places: set[str] = set()
        self._begun = time.monotonic()
        warm_up(self.reader, folder)
        concurrent.futures.ThreadPoolExecutor = InTurn
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("error")  # what a user would see, and nobody has thought of

    def take(self, content: bytes) -> None:
        """Give one input to the reader."""
        from fuzz.oracle import BrokenPromiseError, check

        if self.counts.total() % 500 == 0:
            limit_memory()
            faulthandler.dump_traceback_later(_HANG, exit=True)
        try:
            outcome: str = check(self.reader, content[:LONGEST], self._folder, measure=False)
        except BrokenPromiseError as error:
            outcome = "broken"
            self._keep(content[:LONGEST], error)
        self.counts[outcome] += 1
        if self.counts.total() % _TOLD_EVERY == 0:
            self.save()

    def _keep(self, content: bytes, error: Exception) -> None:
        cause = error.__cause__ or error
        place = traceback.extract_tb(cause.__traceback__)[-1]
        where = f"{type(cause).__name__} at {Path(place.filename).name}:{place.lineno}"
        if where in self._places:
            return
        self._places.add(where)
        path = FOUND / self.reader.name.replace(" ", "_") / hashlib.sha256(content).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{self.reader.name}: {where}: {error!s:.200} -> {path}", flush=True)

    def save(self) -> None:
        """Add what was counted since the last time to the file of counts."""
        counts = json.loads(COUNTS.read_text("utf-8")) if COUNTS.exists() else {}
        mine = counts.setdefault(
            self.reader.name, {"inputs": 0, "guided": 0, "read": 0, "refused": 0, "broken": 0}
        )
        mine["guided"] += self.counts.total() if self._engine == "atheris" else 0
        for outcome in ("read", "refused", "broken"):
            mine[outcome] += self.counts[outcome]
            mine["inputs"] += self.counts[outcome]
        mine["last"] = datetime.datetime.now(datetime.UTC).date().isoformat()
        COUNTS.write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n", "utf-8")
        self.counts.clear()

    def spent(self) -> float:
        """Return how many seconds this has gone on."""
        return time.monotonic() - self._begun


def limit_memory() -> None:
    """Allow ten times the longest input and 64 MB beyond what the process has now, so that more is a MemoryError."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(
            resource.RLIMIT_AS, (pages * resource.getpagesize() + 10 * LONGEST + (64 << 20), hard)
        )


class InTurn(concurrent.futures.Executor):
    """Works at once in the caller's thread: starting a thread takes longer than reading so little."""

    def __init__(self, *_: object) -> None: ...

    def submit(self, work, /, *args, **kwargs):
        """Do the work, and return what it comes to."""
        done: concurrent.futures.Future[object] = concurrent.futures.Future()
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def at_random(run: Run, runs: int, seconds: float) -> None:
    """Damage valid files at random."""
    from fuzz.mutations import mutate

    generator = random.Random(time.time_ns())
    for _ in range(runs):
        run.take(mutate(generator.randint, generator.choice(run.seeds), run.seeds))
        if run.counts.total() % 100 == 0 and run.spent() > seconds:
            break
    run.save()


def guided(make: Callable[[], Run], name: str, runs: int, seconds: float) -> None:
    """Let atheris look for inputs that reach new code; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["firth"]):
        import firth.cli.train
        import firth.corpus.graph
        import firth.evaluation
        import firth.formats
        import firth.training  # noqa: F401
    from fuzz.mutations import mutate

    run = make()
    kept = SCRATCH / name.replace(" ", "-")
    kept.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(run.seeds):
        (kept / f"seed-{i}").write_bytes(seed)

    def take(content: bytes) -> None:
        run.take(content)

    def damage(content: bytes, most: int, seed: int) -> bytes:
        generator = random.Random(seed)
        if generator.random() < 0.3:
            return bytes(atheris.Mutate(content, most))
        return mutate(generator.randint, content, run.seeds)[:most]

    options = [
        f"-runs={runs}",
        f"-max_len={LONGEST}",
        "-timeout=60",
        "-rss_limit_mb=6000",
        "-verbosity=0",
        "-close_fd_mask=0",
    ]
    options += [f"-max_total_time={int(seconds)}", f"-artifact_prefix={kept}/crash-", str(kept)]
    atheris.Setup([sys.argv[0], *options], take, custom_mutator=damage)
    import atexit

    atexit.register(run.save)
    atheris.Fuzz()


def in_turns(goal: int, seconds: float, *flags: str) -> None:
    """Give the reader that has met the fewest inputs its turn, in a process of its own, until all have met enough."""
    from fuzz.readers import READERS

    while True:
        counts = json.loads(COUNTS.read_text("utf-8")) if COUNTS.exists() else {}
        met = {name: counts.get(name, {"inputs": 0})["inputs"] for name in READERS}
        name = min(met, key=met.__getitem__)
        if met[name] >= goal:
            return
        arguments = [f"--reader={name}", f"--runs={goal - met[name]}", f"--seconds={seconds}", *flags]
        ended = subprocess.run([sys.executable, __file__, *arguments], check=False)
        if ended.returncode:
            print(f"{name}: ended with {ended.returncode}", flush=True)
            return


def main() -> None:
    """Run one reader, or all of them in turns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reader", help="one of the names in fuzz.readers; all of them in turns without it")
    parser.add_argument(
        "--runs", type=int, default=1_000_000, help="inputs for each reader; without --reader over all runs"
    )
    parser.add_argument("--seconds", type=float, default=300, help="and at most so long for each in a turn")
    parser.add_argument("--at-random", action="store_true", help="do without atheris")
    options = parser.parse_args()
    if options.reader is None:
        in_turns(options.runs, options.seconds, *["--at-random"] * options.at_random)
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        engine = "at random" if options.at_random else "atheris"
        make = functools.partial(Run, options.reader, Path(folder), engine)
        if options.at_random:
            at_random(make(), options.runs, options.seconds)
        else:
            guided(make, options.reader, options.runs, options.seconds)


if __name__ == "__main__":
    main()
