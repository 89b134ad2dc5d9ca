"""The loop a newcomer writes: Meta-World through gymnasium, a random action, a 64x64 picture.

Pick-place-v3 with `render_mode="rgb_array"` in one process, as the packages' own documentation
shows it. The clock starts after creation, the first reset and the first picture.
"""

import argparse
import json
import warnings

from nsca.benches.measurement import rate
from nsca.worlds.gl import require_backend

IMAGE_SIZE = 64


def frames_per_second(seconds: float) -> float:
    """Frames/s of `step` + `render` with random actions.

    Raises:
        UserError: no GL backend can draw here.
    """
    require_backend()
    import gymnasium
    import metaworld  # noqa: F401  (registers Meta-World/MT1)
    import numpy

    with warnings.catch_warnings():
        # gymnasium's checker complains about Meta-World's spaces, which are not ours to mend.
        warnings.simplefilter("ignore", UserWarning)
        env = gymnasium.make(
            "Meta-World/MT1",
            env_name="pick-place-v3",
            seed=0,
            render_mode="rgb_array",
            width=IMAGE_SIZE,
            height=IMAGE_SIZE,
        )
        env.reset(seed=0)
        env.action_space.seed(0)

        def step() -> int:
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            picture = numpy.asarray(env.render())
            if picture.shape != (IMAGE_SIZE, IMAGE_SIZE, 3):
                raise ValueError(f"a picture of shape {picture.shape}")
            if terminated or truncated:
                env.reset()
            return 1

        step()
        frames = rate(step, seconds)
        env.close()
    return frames


def main() -> None:
    """Print the figure as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    print(json.dumps({"frames_per_s": frames_per_second(parser.parse_args().seconds)}))


if __name__ == "__main__":
    main()
