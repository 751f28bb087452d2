"""Read by every Python that starts with this folder on PYTHONPATH: only a function's worker takes anything from it."""

import os

if "CRASH_FOLDER" in os.environ and "POWERTOOLS_SERVICE_NAME" in os.environ:
    import crash_points

    crash_points.install(os.environ["CRASH_FOLDER"], os.environ["POWERTOOLS_SERVICE_NAME"])
