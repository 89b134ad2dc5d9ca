from nsca.spelling import advice, nearest


def test_the_nearest_word_or_all_of_them():
    assert nearest("visoin", ["vision", "audio"]) == "vision"
    assert nearest("zzz", ["vision", "audio"]) is None
    assert advice("zzz", ["vision", "audio"]) == "choose a key from: audio, vision"
    assert advice("zzz", []) == "remove it: there is no key here"
