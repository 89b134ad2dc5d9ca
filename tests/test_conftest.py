"""The guards of conftest.py do guard."""

import socket
from pathlib import Path

import envpool
import mujoco
import numpy as np
import pytest
from metaworld import policies


def test_another_host_is_out_of_reach():
    with socket.socket() as plug:
        for connect in (plug.connect, plug.connect_ex):
            with pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
                connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match=r"example\.org"):
        socket.create_connection(("example.org", 80))


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_work_happens_outside_the_project(project: Path):
    assert project not in Path.cwd().parents
    assert Path.cwd() != project


def test_the_simulator_is_out_of_reach_past_our_own_code_too(out_of_reach):
    with pytest.raises(AssertionError, match="out of reach"):
        envpool.make_gymnasium("MetaWorld/Reach-v3")
    model = mujoco.MjModel.from_xml_string("<mujoco/>")
    with pytest.raises(AssertionError, match="out of reach"):
        mujoco.mj_step(model, mujoco.MjData(model))
    with pytest.raises(AssertionError, match="out of reach"):
        policies.SawyerReachV3Policy().get_action(np.zeros(39))
