from nsca.models.sense_names import SENSES


def test_there_are_three_in_the_order_of_saved_runs():
    assert SENSES == ("vision", "audio", "proprioception")
