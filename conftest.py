"""What pytest leaves out where a library is missing: the examples of modules that cannot be imported without it."""

import importlib.util

collect_ignore_glob = (
    [] if importlib.util.find_spec("sklearn") else ["src/firth/sklearn/*", "build/wheel/firth/sklearn/*"]
)
