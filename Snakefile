# The whole run: `snakemake --cores all`. The rules are in workflow/rules, the table of contents in workflow/Snakefile.
configfile: "config.yaml"


include: "workflow/Snakefile"


# An include never sets the default target.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
