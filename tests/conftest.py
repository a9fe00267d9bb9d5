"""What all tests share: one cache for compiled kernels, apart from the user's."""

from __future__ import annotations

import os
import signal
from pathlib import Path

# Set before any test imports firth, which asks for it once: every worker and every process that a test
# starts finds what another has compiled, and the user's own cache stays as it is.
os.environ.setdefault("FIRTH_CACHE", str(Path(__file__).parents[1] / "build" / "test-cache"))
# The command line's words, not its colors, and no width but its own.
for _name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "COLUMNS"):
    os.environ.pop(_name, None)

# A shell that runs the tests in the background has them ignore Ctrl-C, and all processes that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Programs that write golden files: they import the tools that only `make test-interop` has.
collect_ignore_glob = ["golden/make_*.py"]
