import numpy as np
from PIL import Image

from nsca.benchmarks.forecast_picture import draw_forecasts


def drawn(path, wide: float) -> np.ndarray:
    true = np.zeros((2, 7, 6))
    true[:, :, 0] = np.linspace(0, 0.3, 7)
    ahead = true[:, 3:]
    doubt = np.full_like(ahead, wide)
    draw_forecasts(np.arange(-2, 5) * 0.05, true, ahead + 0.01, doubt, ahead - 0.02, path)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_a_larger_doubt_is_a_wider_band(tmp_path):
    def band(picture: np.ndarray) -> int:
        return int((np.abs(picture - [0xC9, 0xDC, 0xF7]).sum(axis=-1) < 12).sum())

    narrow, wide = (drawn(tmp_path / "a.png", doubt) for doubt in (0.001, 0.02))
    assert band(wide) > 3 * band(narrow) > 0
    assert wide.shape[1] > 400, "a column for each window"
