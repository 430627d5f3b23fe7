#!/usr/bin/env python3
"""Print running, success or failed: the state of a job."""

import sys

from schedulers import state

print(state(sys.argv[1]))
