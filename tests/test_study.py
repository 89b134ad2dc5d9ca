from nsca import study
from nsca.verb import compose


def test_the_verb_hands_its_configuration_to_the_study(monkeypatch, tmp_path):
    seen = {}

    def run_study(node, experiments, outputs, workers):
        seen.update(name=node.name, experiments=experiments, outputs=outputs, workers=workers)
        return experiments / node.name

    monkeypatch.setattr("nsca.studies.run.run_study", run_study)
    home = study.study(compose("study", ["study=sign_digits", f"outputs={tmp_path}", "workers=1"]))
    assert str(home) == "experiments/sign_digits"
    assert seen["name"] == "sign_digits"
    assert seen["outputs"] == tmp_path
    assert seen["workers"] == 1
