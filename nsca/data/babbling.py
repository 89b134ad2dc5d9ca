"""Babbling for learning to see, to hear and to put the senses together, with probe labels kept
apart.

Reads observations, and for probes labels and the target's pose. Privileged properties are not
offered: `nsca.data.privileged` has them, for evaluation.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import UInt8

from nsca.data.babbling_moments import STREAM_COLUMNS, moments_of, read_streams
from nsca.data.babbling_readings import check_readings
from nsca.data.babbling_store import content_fingerprint, files_of, read_manifest, read_shards
from nsca.data.moments import SILENT, Moments
from nsca.data.source import Frames, ProbeLabel, Sounds, Split
from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import (
    AUDIO_SAMPLES,
    FRAMES,
    FRAMES_PER_S,
    IMAGE_SIZE,
    STATE_WIDTH,
)

CLASS_LABELS = ("shape", "visible_material")
SCALAR_LABELS = ("size_m", "colour_r", "colour_g", "colour_b")
POSE = ("position_x_m", "position_y_m", "yaw_sin", "yaw_cos", "axis_sin", "axis_cos")
_DIRECTED = ("tee", "ell", "hammer")  # shapes that look different when turned by half a turn
_LONG = (*_DIRECTED, "slab", "rod", "capsule", "ellipsoid", "dumbbell")
HEARD_LABELS = ("visible_material", "shape", "size_m")  # of what sounds; what a look also tells
MEANINGFUL_FOR = {"yaw_sin": _DIRECTED, "yaw_cos": _DIRECTED, "axis_sin": _LONG, "axis_cos": _LONG}


class Babbling:
    """Frames and sounds of a babbling data set: train and val are object set A, test is set B.

    Args:
        path: the data set's folder (`python -m nsca.babble` makes one).
        image_size: edge of the pictures in pixels; stored are 64.
        stride: every how many frames one is taken; neighbours are stride / 20 s apart.
        moment_stride: the same for moments, which phases of several senses learn from.
        fraction: share of the training episodes, from the first on; val and test stay whole.
    """

    name = "babbling"
    has_time = True

    def __init__(
        self,
        path: str,
        image_size: int = IMAGE_SIZE,
        stride: int = 4,
        moment_stride: int = 1,
        fraction: float = 1.0,
    ) -> None:
        for name, frames in (("stride", stride), ("moment_stride", moment_stride)):
            if not 1 <= frames <= FRAMES:
                raise UserError(f"data.{name}={frames}", f"choose 1 to {FRAMES}")
        if not 0.0 < fraction <= 1.0:
            raise UserError(f"data.fraction={fraction}", "choose a share above 0, up to 1")
        if image_size < 8:
            raise UserError(f"data.image_size={image_size}", "choose 8 or more pixels")
        self.path = Path(path)
        self.image_size = image_size
        self.stride = stride
        self.moment_stride = moment_stride
        self.fraction = fraction

    @property
    def held_out(self) -> tuple[Split, ...]:
        """`val` and `test`; of a set that was planned without one of them, the other. Where it was
        planned without both, `val`, and of what cannot be read, both: whoever asks for a part is
        told what is missing.
        """
        parts: tuple[Split, ...] = ("val", "test")
        try:
            shares = read_manifest(self.path)["configuration"]["fractions"]
        except UserError:  # not here, where asking whether this is a source asks for its attributes
            return parts
        return tuple(part for part in parts if shares[part] > 0) or ("val",)

    def fingerprint(self) -> str:
        """The sha256 over the checksums of all files, as the manifest has them."""
        return content_fingerprint(read_manifest(self.path))

    def frames(self, split: Split) -> Frames:
        """Every `stride`-th frame of every interaction; an interaction is a clip.

        Raises:
            UserError: no set there, a broken shard, an empty split, a set without pictures.
        """
        images = self._images(split, self.stride)
        clips = np.repeat(np.arange(len(images), dtype=np.int64), images.shape[1])
        return Frames(images=images.reshape(-1, *images.shape[2:]), clip=clips)

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """Visible attributes and pose of the object in the picture, a row for each of `frames`.

        For probe callbacks and benchmarks alone. NaN (classes too) where the picture shows several
        objects or fragments: which of them is meant could not be seen. `yaw_*` is the heading of
        shapes that have one, `axis_*` twice that angle for long shapes (which look the same after
        half a turn); NaN for the others.
        """
        return self._labels(split, self.stride)

    def moments(self, split: Split) -> Moments:
        """Every `moment_stride`-th frame of every interaction, with what was heard in the 0.8 s
        before it, body and touch, what the hand is told to do until the next one, and where hand
        and target are (`PHYSICAL`).

        An action is the mean and the last of the joint targets in that time. A moment at which
        nothing has been heard has no audio; a set without pictures has no vision.

        Raises:
            UserError: no set there, a broken shard, a reading that is not finite, an empty split.
        """
        names = [*STREAM_COLUMNS, "object_state", "target"]
        streams = read_streams(*self._observations(split, names))
        seen = read_manifest(self.path)["configuration"]["render"]
        images = self._images(split, self.moment_stride) if seen else None
        _, shards = self._observations(split, ["primitive"])
        primitives = [word for shard in shards for word in shard["primitive"].to_pylist()]
        sounds = self.sounds(split).samples
        return moments_of(images, sounds, streams, primitives, self.moment_stride)

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """See `probe_labels`; a row for each of `moments`."""
        return self._labels(split, self.moment_stride)

    def _images(self, split: Split, stride: int) -> UInt8[np.ndarray, "clip frame size size 3"]:
        rows, shards = self._observations(split, ["frames"])
        per_clip = len(range(0, FRAMES, stride))
        images = np.empty((rows, per_clip, self.image_size, self.image_size, 3), np.uint8)
        blobs = (blob for shard in shards for blob in shard["frames"])
        for clip, blob in zip(images, blobs, strict=True):
            if not blob.is_valid:
                raise UserError(
                    f"{self.path} was generated without pictures",
                    "generate a set with render=true (python -m nsca.doctor says what GL needs)",
                )
            whole = np.frombuffer(blob.as_buffer(), np.uint8)
            whole = whole.reshape(FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3)
            clip[:] = self._resized(whole[::stride])
        return images

    def _labels(self, split: Split, stride: int) -> dict[str, ProbeLabel]:
        columns = ["episode", "target", "instance_ids", "object_state", "events"]
        _, shards = self._observations(split, columns)
        rows = [row for shard in shards for row in shard.to_pylist()]
        manifest = read_manifest(self.path)
        attributes = self._attributes(split)
        targets = [attributes[row["episode"], row["target"]] for row in rows]
        poses = np.stack([_pose(row, stride) for row in rows])  # [interaction, frame, pose]
        for name, shapes in MEANINGFUL_FOR.items():
            poses[[target["shape"] not in shapes for target in targets], :, POSE.index(name)] = (
                np.nan
            )
        per_clip = poses.shape[1]
        unclear = ~sole_whole_object(rows, stride).ravel()
        group = np.repeat([target["instance_id"] for target in targets], per_clip)
        labels = {}
        for name in CLASS_LABELS:
            values = np.repeat([target[name] for target in targets], per_clip)
            numbers = {word: number for number, word in enumerate(manifest["vocabulary"][name])}
            values = np.array([numbers[value] for value in values], np.float64)
            labels[name] = ProbeLabel(np.where(unclear, np.nan, values), "class", group)
        for name in SCALAR_LABELS:
            values = np.repeat([float(target[name]) for target in targets], per_clip)
            labels[name] = ProbeLabel(np.where(unclear, np.nan, values), "scalar", group)
        for index, name in enumerate(POSE):
            values = np.where(unclear, np.nan, poses[..., index].ravel())
            labels[name] = ProbeLabel(values, "scalar", group)
        return labels

    def sounds(self, split: Split) -> Sounds:
        """The sound of every interaction, 1.6 s.

        Raises:
            UserError: no set there, a broken shard, an empty split.
        """
        rows, shards = self._observations(split, ["audio"])
        samples = np.empty((rows, AUDIO_SAMPLES), np.int16)
        blobs = (blob for shard in shards for blob in shard["audio"])
        for sound, blob in zip(samples, blobs, strict=True):
            sound[:] = np.frombuffer(blob.as_buffer(), "<i2")
        return Sounds(samples)

    def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """Visible attributes of the object that the action was for, a row for each of `sounds`.

        For probe callbacks and benchmarks alone. NaN (classes too) where the scene holds several
        objects, any of which may be what is heard, and where nothing is heard.
        """
        columns = ["episode", "target", "instance_ids", "audio"]
        _, shards = self._observations(split, columns)
        targets, unclear = [], []
        attributes = self._attributes(split)
        for shard in shards:
            for row in shard.to_pylist():
                targets.append(attributes[row["episode"], row["target"]])
                peak = np.abs(np.frombuffer(row["audio"], "<i2").astype(np.int32)).max()
                unclear.append(len(row["instance_ids"]) > 1 or peak <= SILENT)
        vocabulary = read_manifest(self.path)["vocabulary"]
        group = np.array([target["instance_id"] for target in targets])
        labels = {}
        for name in HEARD_LABELS:
            values = np.array([target[name] for target in targets])
            kind = "scalar"
            if name in CLASS_LABELS:
                numbers = {word: number for number, word in enumerate(vocabulary[name])}
                values, kind = np.array([numbers[value] for value in values]), "class"
            values = np.where(unclear, np.nan, values.astype(np.float64))
            labels[name] = ProbeLabel(values, kind, group)
        return labels

    def _attributes(self, split: Split) -> dict[tuple[int, int], dict]:
        """What is visible of each object, by episode and number."""
        return {
            (row["episode"], row["object"]): row
            for table in read_shards(self.path, read_manifest(self.path), "labels", split)
            for row in table.to_pylist()
        }

    def _observations(self, split: Split, columns: list[str]) -> tuple[int, Iterator[pa.Table]]:
        """Number of rows, and their columns shard by shard (a shard of pictures is 40 MB).

        Raises:
            UserError: an empty split; of the shards, when they are read: see `read_shards` and
                `check_readings`.
        """
        manifest = read_manifest(self.path)
        episodes = [
            episode
            for table in read_shards(self.path, manifest, "observations", split, ["episode"])
            for episode in table["episode"].to_pylist()
        ]
        if not episodes:
            raise UserError(
                f"{self.path} has no {split} episodes (status: {manifest['status']})",
                f"finish it: run python -m nsca.babble path={self.path} with its own settings",
            )
        distinct = sorted(set(episodes))
        share = self.fraction if split == "train" else 1.0
        last = distinct[max(1, round(len(distinct) * share)) - 1]
        wanted = list(dict.fromkeys(["episode", "interaction", *columns]))

        def kept() -> Iterator[pa.Table]:
            names = files_of(manifest, "observations", split)
            tables = read_shards(self.path, manifest, "observations", split, wanted)
            for name, table in zip(names, tables, strict=True):
                used = table.filter(pa.compute.less_equal(table["episode"], last))
                check_readings(used, self.path, name)
                yield used

        return sum(episode <= last for episode in episodes), kept()

    def _resized(self, images: np.ndarray) -> np.ndarray:
        if self.image_size == IMAGE_SIZE:
            return images
        from PIL import Image

        size = (self.image_size, self.image_size)
        resized = [Image.fromarray(image).resize(size, Image.Resampling.BOX) for image in images]
        return np.stack([np.asarray(image) for image in resized])


def sole_whole_object(rows: list[dict], stride: int) -> np.ndarray:
    """Boolean [interaction, frame]: one object in the scene, and not broken by then."""
    times_s = np.arange(0, FRAMES, stride) / FRAMES_PER_S
    clear = np.zeros((len(rows), len(times_s)), bool)
    for place, row in enumerate(rows):
        if len(row["instance_ids"]) == 1:
            breaks_s = [event["time_s"] for event in row["events"] if event["kind"] == "break"]
            clear[place] = times_s < min(breaks_s, default=np.inf)
    return clear


def _pose(row: dict, stride: int) -> np.ndarray:
    state = np.asarray(row["object_state"]).reshape(FRAMES, -1, STATE_WIDTH)
    state = state[::stride, row["target"]]
    w, x, y, z = state[:, 3:7].T
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))  # of the object's x axis
    angles = [np.sin(yaw), np.cos(yaw), np.sin(2 * yaw), np.cos(2 * yaw)]
    return np.stack([state[:, 0], state[:, 1], *angles], axis=1)
