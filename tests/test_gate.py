import pytest
from fake_gates import coin

from nsca import gate as verb
from nsca.errors import UserError
from nsca.gates.verdict import Kind, Verdict
from nsca.verb import Ended, compose


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The verb with its runner replaced: (what the runner got, the verdict it gives)."""
    seen = {"kind": Kind.PASS}

    def run_gate(gate, name, cfg, **options):
        seen.update(gate=gate, name=name, options=options)
        return tmp_path / "home", Verdict(seen["kind"], "right in {share:.2f}", {"share": 0.5})

    monkeypatch.setattr("nsca.gates.run.run_gate", run_gate)
    return seen


@pytest.mark.parametrize(
    ("kind", "quick", "code"),
    [(Kind.PASS, False, 0), (Kind.WEAK, False, 4), (Kind.CEILING, False, 4), (Kind.SMOKE, True, 3)],
)
def test_only_a_pass_ends_with_zero(asked, capsys, tmp_path, kind, quick, code):
    asked["kind"] = kind
    ended = verb.gate(compose("gate", ["gate=balloon", f"quick={quick}", "workers=1"]))
    assert ended == Ended(tmp_path / "home", code)
    assert asked["name"] == "balloon"
    assert asked["options"]["quick"] is quick
    assert f"{kind}: right in 0.50" in capsys.readouterr().out


def test_seeds_take_the_place_of_the_gates_own(asked):
    verb.gate(compose("gate", ["gate=balloon", "seeds=[5,6,7,8,9]"]))
    assert asked["gate"].seeds == [5, 6, 7, 8, 9]
    with pytest.raises(UserError, match="at least 5"):
        verb.gate(compose("gate", ["gate=balloon", "seeds=[1,2]"]))


def test_a_plan_is_printed_and_nothing_runs(asked, capsys, monkeypatch, tmp_path):
    assert verb.gate(compose("gate", ["gate=balloon", "dry_run=true"])) is None
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("stone seed=0 lift=0.0")
    assert said[-1].startswith("30 cells; passes when: in every seed the weight")
    assert "gate" not in asked
    monkeypatch.setattr("nsca.assembly.build", lambda *_, **__: coin())
    verb.gate(compose("gate", ["dry_run=true", "quick=true"]))
    assert "4 cells" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("override", "near"),
    [("quik=true", "quick"), ("gate.weight_hihg=0.5", "weight_high"), ("gate=baloon", "balloon")],
)
def test_a_misspelt_word_is_refused_with_the_right_one(override, near):
    with pytest.raises(UserError) as refusal:
        compose("gate", [override])
    assert near in refusal.value.remedy


def test_quick_is_true_or_false():
    with pytest.raises(UserError, match="must be true or false"):
        compose("gate", ["quick=perhaps"])
