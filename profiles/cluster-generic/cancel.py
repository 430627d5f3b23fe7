#!/usr/bin/env python3
"""Cancel jobs."""

import subprocess
import sys

from schedulers import installed_scheduler

command = [installed_scheduler().cancel, *sys.argv[1:]]
sys.exit(subprocess.run(command, check=False).returncode)
