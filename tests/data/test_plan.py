import pytest

from danq.data.plan import refuse_pathvars
from danq.errors import DanqError


@pytest.mark.parametrize("folder", ["out", "a/b", "my runs/2024_05_01", "a.b-c"])
def test_results_may_have_another_folder_below_the_working_folder(folder):
    refuse_pathvars({"results": folder})
    refuse_pathvars(None)


OUTSIDE = ["../up", "/tmp/x", "a/../../b", "~/x", ".", "..", "", "a//b", "a/", "-x", 3, None]
SHELL = ["a$(touch x)", "a`x`", "a;b", "a|b", "a\nb", 'a"b', "a'b", "a*b", "a\\b", "{model}", "<x>"]


@pytest.mark.parametrize("folder", OUTSIDE + SHELL)
def test_other_folders_are_refused(folder):
    with pytest.raises(DanqError, match=r"^pathvars\.results: .* is not the name of a folder"):
        refuse_pathvars({"results": folder})


@pytest.mark.parametrize("pathvars", [{"logs": "x"}, {"results": "a", "temp": "$(x)"}, "a", ["a"]])
def test_other_variables_are_refused(pathvars):
    with pytest.raises(DanqError, match="pathvars has one key, results"):
        refuse_pathvars(pathvars)
