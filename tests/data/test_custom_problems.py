"""What is wrong with numbered recordings, a line each."""

import numpy as np

from nsca.data.custom_folder import CustomFolder


def test_broken_files_of_every_modality_are_found(recordings):
    (recordings / "train" / "cup" / "audio_001.wav").write_bytes(b"")
    (recordings / "train" / "cup" / "proprio_001.npy").write_text("1 2 3")
    (recordings / "val" / "cup" / "image_001.png").write_bytes(b"x")
    np.save(recordings / "val" / "ball" / "proprio_001.npy", np.zeros((5, 6), np.float32))
    problems = "\n".join(CustomFolder(recordings).problems())
    assert problems.count("\n") == 3
    for name in ("cup/audio_001.wav", "cup/proprio_001.npy", "cup/image_001.png"):
        assert name in problems
    assert "6 values a reading where most hold 7" in problems
    np.save(recordings / "val" / "ball" / "proprio_001.npy", np.zeros((0, 7), np.float32))
    assert "ball/proprio_001.npy: has the shape (0, 7)" in "\n".join(
        CustomFolder(recordings).problems()
    )


def test_a_file_that_is_held_out_and_also_in_train_is_named_and_a_body_at_rest_is_not(recordings):
    for name in ("image_001.png", "proprio_001.npy"):
        (recordings / "val" / "cup" / name).write_bytes(
            (recordings / "train" / "cup" / name).read_bytes()
        )
    copied = recordings / "val" / "cup" / "image_001.png"
    told = CustomFolder(recordings, fraction=0.01).problems()
    also = [line for line in told if "also in train" in line]
    assert also == [f"{copied}: is also in train, so not held out"]
    copied.write_bytes(b"")
    (recordings / "train" / "cup" / "image_001.png").write_bytes(b"")
    assert len(broken := CustomFolder(recordings).problems()) == 2
    assert not any("also in train" in line for line in broken), "said as what it is"
