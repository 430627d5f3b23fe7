"""What is lost by factor: one order, one scale."""

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.report.ablation_figure import ablation_drawings
from danq.report.findings.ablations import FAINT, UNNAMED, ablations
from danq.report.findings.training import first_trainings
from tests.report.toy_run import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(write_run(tmp_path_factory.mktemp("ablations") / "run"))


def test_a_factor_has_the_largest_effect_of_its_filters(run):
    trained = first_trainings(run.trained)
    found = ablations(trained)
    assert list(found.effects) == [training.model for training in trained]
    for training in trained:
        table = found.effects[training.model]
        names = training.named().set_index("name")["factor"]
        for factor in table.columns:
            members = names.index[names == factor]
            rows = training.ablation
            chosen = (
                rows["motif"].isin(members)
                if factor != UNNAMED
                else ~rows["motif"].isin(names.index)
            )
            of_factor = rows[chosen]
            for target, effect in table[factor].items():
                sizes = of_factor.loc[of_factor["target"] == target, "effect"]
                expected = sizes.loc[sizes.abs().idxmax()] if len(sizes) else np.nan
                assert effect == pytest.approx(expected, nan_ok=True)


def test_all_models_have_one_order_and_one_scale(run):
    found = ablations(first_trainings(run.trained))
    first, *others = found.effects.values()
    for table in others:
        assert table.index.equals(first.index) and table.columns.equals(first.columns)
    largest = max(np.nanmax(table.abs().to_numpy()) for table in found.effects.values())
    assert found.limit == largest and first.columns[-1] == UNNAMED
    limits = {
        drawing.figure.axes[0].collections[0].get_clim()
        for drawing in ablation_drawings(run, first_trainings(run.trained))
    }
    assert limits == {(-found.limit, found.limit)}


def test_faint_factors_are_left_out(run):
    training = first_trainings(run.trained)[0]
    table = training.ablation.copy()
    weak = training.named()["factor"].iloc[0]
    members = training.named().loc[training.named()["factor"] == weak, "name"]
    largest = table["effect"].abs().max()
    chosen = table["motif"].isin(members)
    table.loc[chosen, "effect"] = 0.5 * FAINT * largest
    found = ablations([training._replace(ablation=table)])
    assert weak not in found.effects[training.model].columns and found.n_factors >= 1


def test_nothing_where_nothing_was_ablated(run):
    bare = [training._replace(ablation=pd.DataFrame()) for training in run.trained]
    assert ablations(bare) is None and ablation_drawings(run, bare) == []
