from pathlib import Path

import numpy as np

from nsca.benchmarks.hidden_labels import hidden_labels
from nsca.data.babbling import Babbling
from nsca.data.privileged import hidden_properties


def test_hidden_properties_belong_to_the_object_heard(pristine_set: Path):
    source = Babbling(str(pristine_set))
    labels = source.sound_labels("val")
    hidden = hidden_labels(source, "val", labels, ["hardness"])["hardness"]
    truth = hidden_properties(pristine_set, "val")
    assert hidden.values.tolist() == [truth[name]["hardness"] for name in hidden.group]
    labels["visible_material"].values[0] = np.nan
    assert np.isnan(hidden_labels(source, "val", labels, ["hardness"])["hardness"].values[0])
