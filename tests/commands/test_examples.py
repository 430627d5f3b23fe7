import shlex

import pytest

from danq import cli
from danq.commands.examples import EXAMPLES, GROUPS
from tests.test_cli import STEPS


def test_every_step_is_in_one_group_and_has_an_example(capsys):
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(STEPS) == sorted(EXAMPLES)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    places = [text.index(f"\n  {name} ") for name in names]
    assert places == sorted(places)
    assert max(map(len, text.splitlines())) <= cli.WIDTH


@pytest.mark.parametrize("step", sorted(EXAMPLES))
def test_an_example_is_a_command_of_its_step_that_can_be_pasted(step, capsys):
    program, *words = shlex.split(EXAMPLES[step])
    assert (program, words[0]) == ("danq", step)
    assert cli.build_parser().parse_args(words).command == step
    with pytest.raises(SystemExit):
        cli.main([step, "--help"])
    shown = capsys.readouterr().out.split("example:\n")[1]
    assert shlex.split(shown.replace("\\\n", " ")) == [program, *words]
