from nsca.pipelines.step import Step, fills


def test_a_step_comes_after_its_gates_and_what_it_needs_each_once():
    needs = {"data.path": "babbling", "parts.vision": "vision", "parts.audio": "babbling"}
    step = Step("train", ["phase=fusion"], needs, ["lethality"])
    assert step.after == ("lethality", "babbling", "vision")
    assert step.provides == "trained run"


def test_what_a_setting_takes():
    assert fills("data.path") == Step("babble", []).provides
    assert fills("parts.vision") == fills("run") == Step("train", []).provides
