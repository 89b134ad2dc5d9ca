from nsca import study
from nsca.verb import compose


def test_the_verb_hands_its_configuration_to_the_study(monkeypatch, tmp_path):
    seen = {}

    def run_study(node, experiments, outputs, workers, seeds_at_once):
        seen.update(name=node.name, outputs=outputs, workers=workers, at_once=seeds_at_once)
        return experiments / node.name

    monkeypatch.setattr("nsca.studies.run.run_study", run_study)
    asked = ["study=sign_digits", f"outputs={tmp_path}", "workers=1"]
    home = study.study(compose("study", asked))
    assert str(home) == "experiments/sign_digits"
    assert seen["name"] == "sign_digits"
    assert seen["outputs"] == tmp_path
    assert seen["workers"] == 1
    assert seen["at_once"] is None
    study.study(compose("study", [*asked, "seeds_at_once=false"]))
    assert seen["at_once"] is False
