import pytest

from nsca.errors import UserError
from nsca.models.action_width import require_action_width


def test_another_width_is_named_with_the_setting_that_fits():
    require_action_width(12, 12)
    with pytest.raises(UserError, match="1 numbers in the data and 12 in the model") as error:
        require_action_width(1, 12)
    assert error.value.remedy == "model.next_senses.n_action=1"
