#!/usr/bin/env python3
"""Submit a job script of Snakemake, which tells in its second line what it asks for.

Print the job's number.
"""

import json
import os
import re
import subprocess
import sys

from schedulers import LOGS, QUEUE, here

script = sys.argv[1]
with open(script) as text:
    asked = json.loads(
        next(line for line in text if line.startswith("# properties = ")).split(" = ", 1)[1]
    )
resources = asked["resources"]
# Bases and digits only, whatever stood in a wildcard.
name = "danq." + re.sub(r"[^A-Za-z0-9_]", "_", asked.get("rule", "group"))
submit = here()[0]
os.makedirs(LOGS, exist_ok=True)
words = submit(
    name, asked["threads"], resources["mem_mb"], resources["runtime"], resources.get("gpu", 0)
)
# bsub reads the script from its input, the others could, but want it by name.
by_input = words[0] == "bsub"
with open(script if by_input else os.devnull) as text:
    told = subprocess.run(
        [*map(str, words), *QUEUE, *([] if by_input else [script])],
        stdin=text,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
number = re.search(r"[0-9]+[^;<>\s]*", told.stdout)
if told.returncode or not number:
    sys.exit(f"{words[0]} did not take the job: {told.stdout.strip()}")
print(number.group().rstrip("."))
