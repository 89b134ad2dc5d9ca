from nsca.composition import compose, config_directory
from nsca.debug import DebugPreset


def test_every_preset_is_named_as_its_file():
    files = sorted(file.stem for file in (config_directory() / "debug").glob("*.yaml"))
    assert {"off", "fast", "overfit", "profiler", "find_lr", "anomaly"} <= set(files)
    for name in files:
        assert DebugPreset(**compose("train", [f"debug={name}"]).debug).name == name
