"""How many numbers an action has, in the data and in the model."""

from nsca.errors import UserError


def require_action_width(data: int, model: int) -> None:
    """Raises UserError where data and model do not have as many numbers an action."""
    if data != model:
        raise UserError(
            f"an action has {data} numbers in the data and {model} in the model",
            f"model.next_senses.n_action={data}",
        )
