"""Same seed, same bytes, here and in another process; and who may see what."""

import hashlib
import subprocess
import sys
from dataclasses import asdict, fields

import numpy as np

from nsca.worlds.tabletop.episode import draw_parameters, make_renderer, run_episode
from nsca.worlds.tabletop.interaction import PARAMETER_RANGES, EpisodeRecord, Interaction
from nsca.worlds.tabletop.kinds import KINDS, kinds_of

DIGEST = """
import hashlib
def digest(record):
    made = hashlib.sha256()
    for i in record.interactions:
        for stream in (i.frames, i.audio, i.touch, i.proprioception, i.action, i.object_state):
            made.update(b"" if stream is None else stream.tobytes())
        told = (i.events, i.utterance, i.first_contact_frame, i.parameters, i.primitive)
        made.update(repr(told).encode())
    made.update(repr(record.objects).encode())
    return made.hexdigest()
"""
namespace: dict = {}
exec(DIGEST, namespace)  # noqa: S102 - the same text runs in a child process below


def digest(record: EpisodeRecord) -> str:
    return namespace["digest"](record)


def test_the_same_seed_gives_the_same_bytes_whatever_came_before(renderer) -> None:
    first = digest(run_episode(3, 11, "A", 3, True, renderer))
    run_episode(3, 12, "B", 2, True, renderer)
    assert digest(run_episode(3, 11, "A", 3, True, renderer)) == first
    assert digest(run_episode(3, 12, "A", 3, True, renderer)) != first
    assert digest(run_episode(4, 11, "A", 3, True, renderer)) != first


def test_another_renderer_in_the_same_process_disturbs_nothing(renderer) -> None:
    first = digest(run_episode(3, 11, "A", 1, True, renderer))
    other = make_renderer()
    assert digest(run_episode(3, 11, "A", 1, True, renderer)) == first
    other.close()
    assert digest(run_episode(3, 11, "A", 1, True, renderer)) == first


def test_another_process_gives_the_same_bytes() -> None:
    script = DIGEST + (
        "from nsca.worlds.tabletop.episode import run_episode\n"
        "print(digest(run_episode(5, 2, 'B', 4, False)))\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest(run_episode(5, 2, "B", 4, False))


def test_pictures_change_nothing_but_the_pictures(renderer) -> None:
    drawn = run_episode(1, 1, "A", 2, True, renderer).interactions
    blind = run_episode(1, 1, "A", 2, False).interactions
    for with_frames, without in zip(drawn, blind, strict=True):
        assert without.frames is None
        np.testing.assert_array_equal(with_frames.object_state, without.object_state)
        np.testing.assert_array_equal(with_frames.audio, without.audio)


def test_objects_come_from_the_set_asked_for_and_have_ids_of_their_own() -> None:
    ids: list[str] = []
    for object_set in ("A", "B"):
        names = {kind.name for kind in kinds_of(object_set)}
        for episode in range(20):
            record = run_episode(0, episode, object_set, 0, render=False)
            assert 1 <= len(record.objects) <= 3
            assert {thing.kind for thing in record.objects} <= names
            ids += [thing.instance_id for thing in record.objects]
    assert len(set(ids)) == len(ids)


def test_what_agents_see_carries_nothing_hidden() -> None:
    record = run_episode(2, 0, "A", 3, render=False)
    hidden = {name for thing in record.objects for name in thing.hidden}
    assert not hidden & {field.name for field in fields(Interaction)}
    values = {round(v, 9) for thing in record.objects for v in thing.hidden.values() if v > 0}
    for interaction in record.interactions:
        seen = asdict(interaction)
        assert not hidden & set(seen)
        assert set(interaction.parameters) == set(PARAMETER_RANGES)
        told = [event["magnitude"] for event in seen["events"]]
        told += list(interaction.parameters.values())
        assert not values & {round(value, 9) for value in told}
        for kind in KINDS:
            assert kind.name not in repr(seen["events"]) + interaction.utterance


def test_many_episodes_are_stable() -> None:
    records = [run_episode(9, episode, "A", 5, render=False) for episode in range(12)]
    assert sum(record.unstable for record in records) == 0
    assert sum(record.warnings for record in records) == 0
    assert {i.primitive for record in records for i in record.interactions} >= {"push", "drop"}


def test_parameters_stay_in_their_ranges() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        for name, value in draw_parameters(rng).items():
            low, high = PARAMETER_RANGES[name]
            assert low <= value <= high


def test_digest_notices_a_single_bit() -> None:
    record = run_episode(5, 2, "B", 1, False)
    before = digest(record)
    record.interactions[0].audio[5] += np.float32(1e-7)
    assert digest(record) != before
    assert len(before) == hashlib.sha256().digest_size * 2
