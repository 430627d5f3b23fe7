#!/usr/bin/env python3
"""Submit a job script of Snakemake, whose second line says what the job needs.

Print the job's number.
"""

import json
import os
import re
import subprocess
import sys

from schedulers import LOGS, QUEUE, installed_scheduler

PROPERTIES = "# properties = "

script = sys.argv[1]
with open(script) as file:
    properties = next(line for line in file if line.startswith(PROPERTIES))
job = json.loads(properties.removeprefix(PROPERTIES))
resources = job["resources"]
# Letters and digits only, whatever a wildcard holds.
name = "danq." + re.sub(r"[^A-Za-z0-9_]", "_", job.get("rule", "group"))
gpus = resources.get("gpu", 0)
submit = installed_scheduler().submit
command = submit(name, job["threads"], resources["mem_mb"], resources["runtime"], gpus)
command = [*map(str, command), *QUEUE]

# bsub reads the script from its standard input; the other commands take its name.
reads_input = command[0] == "bsub"
if not reads_input:
    command.append(script)
os.makedirs(LOGS, exist_ok=True)
with open(script if reads_input else os.devnull) as file:
    answer = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, text=True, check=False)
number = re.search(r"[0-9]+[^;<>\s]*", answer.stdout)
if answer.returncode or not number:
    sys.exit(f"{command[0]} did not take the job: {answer.stdout.strip()}")
print(number.group().rstrip("."))
