import torch

from nsca.models.dynamics_ensemble import MOST_LOG_VARIANCE, DynamicsEnsemble


def tiny() -> DynamicsEnsemble:
    torch.manual_seed(0)
    return DynamicsEnsemble(
        members=2,
        n_context=3,
        n_latent=4,
        n_felt=7,
        n_physical=8,
        n_action=2,
        n_embedded=3,
        width=16,
    )


def asked(rows: int = 5) -> list[torch.Tensor]:
    torch.manual_seed(1)
    sizes = [(rows, 3), (2, rows, 4), (2, rows, 7), (rows, 2)]
    return [torch.randn(*size) for size in sizes]


def test_each_member_answers_for_itself():
    model, inputs = tiny(), asked()
    step = model(*inputs, 0.1)
    assert [part.shape[-1] for part in step] == [4, 6, 2, 4, 8]
    assert not torch.allclose(step.latent[0], step.latent[1])
    with torch.no_grad():
        model.networks[1][-1].weight += 1
    again = model(*inputs, 0.1)
    assert torch.equal(again.latent[0], step.latent[0])
    assert not torch.allclose(again.latent[1], step.latent[1])


def test_everything_it_is_told_counts_row_by_row():
    model, inputs = tiny(), asked()
    before = model(*inputs, 0.1)
    for place in range(4):
        changed = [part.clone() for part in inputs]
        changed[place][..., 0, :] += 1
        after = model(*changed, 0.1)
        assert not torch.allclose(after.correction[:, 0], before.correction[:, 0])
        torch.testing.assert_close(after.correction[:, 1:], before.correction[:, 1:])
    assert not torch.allclose(model(*inputs, 0.9).correction, before.correction)


def test_doubt_stays_finite():
    model, inputs = tiny(), asked()
    with torch.no_grad():
        for network in model.networks:
            network[-1].bias += 1000
    step = model(*inputs, 0.1)
    assert step.physical_log_variance.max() <= MOST_LOG_VARIANCE
    assert step.latent_log_variance.min() >= -MOST_LOG_VARIANCE
