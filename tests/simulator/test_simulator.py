"""The simulator as a test holds it."""

import sys
from pathlib import Path

import pytest

from simulator import Phone, Simulator


@pytest.mark.parametrize("number", ["", "+1555", "+1" * 9, "Ana", "+15550002001x"])
def test_what_is_no_number_gets_no_phone(tmp_path: Path, number: str) -> None:
    with pytest.raises(ValueError, match="is no phone number like"):
        Simulator(tmp_path).add_phone(number)


def test_a_number_has_one_phone(tmp_path: Path) -> None:
    sim = Simulator(tmp_path)
    phone = sim.add_phone("+15550002001", name="Ana")
    assert sim.phones == [phone] and phone.number == "+15550002001"
    with pytest.raises(ValueError, match="already"):
        sim.add_phone("15550002001")


async def test_a_process_is_started_where_it_meets_the_simulator(sim: Simulator) -> None:
    program = "import os; print(os.environ['SIMULATOR_ROOT_KEY'], os.environ['HTTPS_PROXY'])"
    process = await sim.spawn([sys.executable, "-c", program], stdout=-1)
    output, _ = await process.communicate()
    assert output.decode().split() == [sim.root_key, sim.proxy_url]
    assert sim.ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")


async def test_what_could_not_be_handled_is_raised_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with Simulator(tmp_path) as sim:
            sim.server.errors.append(ValueError("odd"))
    assert [str(error) for error in caught.value.exceptions] == ["odd"]


async def test_phones_talk_without_any_client(sim: Simulator, owner: Phone, ana: Phone) -> None:
    assert await ana.says("Hello", to=owner)
    assert (await owner.hears("Hello")).sender == ana.number
