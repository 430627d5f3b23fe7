# The whole run: `snakemake --cores all`. The rules are in workflow/rules, the table of contents in workflow/Snakefile.
import os

from danq.data.plan import refuse_pathvars
from danq.errors import checked
from danq.genome.yaml_text import read_mapping

if os.path.exists("config.yaml"):  # Snakemake, which reads it next, would refuse it without the line
    own_config = checked(read_mapping, "config.yaml")
    checked(refuse_pathvars, own_config.get("pathvars"))


configfile: "config.yaml"


include: "workflow/Snakefile"


# An include never sets the default target.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
