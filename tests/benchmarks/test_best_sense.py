from fake_record import score

from nsca.benchmarks.best_sense import best_sense

SENSES = ["vision", "audio", "proprioception"]


def of(features: str, value: float, corruption: str = "clean"):
    return score(features=features, value=value, corruption=corruption)


def test_the_best_is_picked_among_those_that_are_there():
    scores = [of("trained", 0.9), of("vision", 0.8), of("audio", 0.6)]
    scores += [of("trained", 0.5, "without_vision"), of("audio", 0.6, "without_vision")]
    scores += [of("vision", 0.7, "without_vision")]  # luck, with nothing to see
    found = {each.corruption: each for each in best_sense(scores, SENSES)}
    assert {way: each.value for way, each in found.items()} == {"clean": 0.8, "without_vision": 0.6}
    assert {each.features for each in found.values()} == {"best_sense"}


def test_each_quantity_has_its_own_best():
    scores = [score(features=name, quantity=q, value=v) for name, q, v in (
        ("vision", "colour", 0.9), ("audio", "colour", 0.1),
        ("vision", "mass_kg", 0.2), ("audio", "mass_kg", 0.5),
    )]  # fmt: skip
    assert {each.quantity: each.value for each in best_sense(scores, SENSES)} == {
        "colour": 0.9,
        "mass_kg": 0.5,
    }


def test_without_a_sense_of_its_own_there_is_no_best():
    assert not list(best_sense([of("trained", 0.9)], SENSES))
