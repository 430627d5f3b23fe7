"""A folder that runs danq's workflow: its Snakefile, a configuration and a table of targets."""

import importlib.util
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from danq.errors import DanqError, shown
from danq.files import write_text

PACKAGE = Path(__file__).parent

TEMPLATES = ("Snakefile", "targets.tsv")
"""Files of a new folder whose text lies in ``danq/templates``."""

COPIED = ("config.yaml", "profiles/default/profile.yaml")
"""Files of a new folder that are those of danq's own source."""


def shipped(name: str) -> Path:
    """Return where a file or folder of danq's source lies that is no part of the package.

    Parameters
    ----------
    name : str
        Its path in the source: ``workflow/Snakefile``, ``profiles/slurm``.

    Returns
    -------
    pathlib.Path
        In an installed package below ``danq/share``, else in the source itself.
    """
    share = PACKAGE / "share"
    root = share if share.is_dir() else PACKAGE.parent
    return root / name


def init(folder: str) -> None:
    """Fill a folder with what a run starts from, and say what to do next.

    Parameters
    ----------
    folder : str
        Made if it is not there.

    Raises
    ------
    DanqError
        One of the files is there already, or the folder cannot be written.
    """
    texts = _texts()
    for name in texts:
        path = os.path.join(folder, name)
        if os.path.lexists(path):
            raise DanqError("is there already; name a new folder", path)
    for name, text in texts.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_text(path, text)
    print(
        f"A first run, without data: cd {shlex.quote(folder)} && danq run\n"
        "For your own genome and peaks, edit config.yaml and targets.tsv there."
    )


def _texts() -> dict[str, str]:
    """Return the text of each file of a new folder."""
    sources = {name: PACKAGE / "templates" / name for name in TEMPLATES}
    sources |= {name: shipped(name) for name in COPIED}
    notebooks = shipped("notebooks").glob("*.ipynb")
    sources |= {f"notebooks/{path.name}": path for path in sorted(notebooks)}
    return {name: path.read_text(encoding="utf-8") for name, path in sources.items()}


def run(
    cores: str,
    dry_run: bool,
    configfile: Sequence[str],
    profile: str | None,
    options: Sequence[str],
) -> None:
    """Become Snakemake, which runs the Snakefile of this folder.

    Parameters
    ----------
    cores : str
        How many it may use, or ``all``.
    dry_run : bool
        Only say what would run.
    configfile : sequence of str
        Configurations over ``config.yaml``, the later over the earlier.
    profile : str, optional
        One of danq's own, as ``slurm``, or a folder.
    options : sequence of str
        Further ones of Snakemake.

    Raises
    ------
    DanqError
        There is no Snakefile here, or no Snakemake.
    """
    if not os.path.isfile("Snakefile") and not os.path.isfile("workflow/Snakefile"):
        raise DanqError("there is no Snakefile in this folder; make one: danq init FOLDER")
    if importlib.util.find_spec("snakemake") is None:
        raise DanqError("Snakemake is not installed here; pip install danq brings it")
    words = [sys.executable, "-m", "snakemake", "--cores", cores]
    if dry_run:
        words.append("--dry-run")
    if profile is not None:
        words += ["--workflow-profile", str(_profile(profile))]
    if configfile:
        words += ["--configfile", *configfile]
    sys.stdout.flush()
    os.execv(sys.executable, [*words, *options])


def _profile(name: str) -> Path:
    """Return the folder of a profile: one of danq's own by its name, or the user's."""
    own = shipped("profiles") / name
    found = own if own.is_dir() else Path(name)
    if not (found / "profile.yaml").is_file() and not (found / "config.yaml").is_file():
        names = sorted(path.name for path in shipped("profiles").iterdir())
        raise DanqError(f"--profile {shown(name)} is not a profile; danq has {', '.join(names)}")
    return found
