from nsca.studies.results import Job, Provenance, StudyResults
from nsca.studies.summary import comparisons, markdown, plot

WHERE = Provenance(steps=10, seconds=1.5, commit="abc", data="def")


def table(tmp_path):
    results = StudyResults(tmp_path / "results.csv")
    for seed in range(4):
        results.add(Job("off", seed), {"accuracy": 0.5 + 0.05 * seed}, WHERE)
        results.add(Job("on", seed), {"accuracy": 0.7 + 0.05 * seed + 0.004 * (seed % 2)}, WHERE)
    results.add(Job("late", 0), {"accuracy": 0.4}, WHERE)
    return results


def test_differences_are_taken_seed_by_seed(tmp_path):
    found = comparisons(table(tmp_path), "off", ["off", "on", "late"], ["accuracy"])
    assert set(found) == {("on", "accuracy"), ("late", "accuracy")}
    assert found["on", "accuracy"].verdict == "better"
    assert abs(found["on", "accuracy"].mean - 0.202) < 1e-9
    assert found["late", "accuracy"].pairs == 1


def test_table_names_seeds_and_what_did_not_run(tmp_path):
    text = markdown(table(tmp_path), "off", ["off", "on", "late", "never"], ["accuracy"])
    assert "| on | 0.777 ± 0.033 | 4 | +0.202" in text
    assert "better" in text
    assert "(one seed)" in text
    assert "| never | not measured | 0 |" in text
    assert "4 paired seeds detect" in text


def test_plot_is_a_png_that_changes_with_the_values(tmp_path):
    results = table(tmp_path)
    plot(results, ["off", "on"], ["accuracy"], tmp_path / "one.png")
    results.add(Job("on", 9), {"accuracy": 0.1}, WHERE)
    plot(results, ["off", "on"], ["accuracy"], tmp_path / "two.png")
    one, two = (tmp_path / "one.png").read_bytes(), (tmp_path / "two.png").read_bytes()
    assert one.startswith(b"\x89PNG")
    assert one != two
