"""What a log line looks like, and what it never shows."""

import json

import pytest

from runtime import log

PROGRAM = """
import logging, structlog
from runtime import log
from config import Config
log.setup(Config.from_env(), "worker")
logger = structlog.get_logger("worker.connection.process")
logger.info("[WhatsAppBridge] Connection: open", phone="+15551234567", pairing_code="ABCD-EFGH")
logging.getLogger("library").warning("%d things, %s", 3, "ü")
logging.getLogger("httpx").info("GET https://provider.example/?key=hush")
logging.getLogger("whatsmeow.Client").info("chatter")
logger.debug("too small to matter")
try:
    password = "hush"
    1 / 0
except ZeroDivisionError:
    logger.exception("went wrong", job=7)
"""


def test_the_console_has_one_plain_line_for_an_event(spawn):
    process = spawn("-c", PROGRAM)
    assert process.wait() == 0
    lines = process.output().splitlines()
    assert lines[0].startswith("[info     ] [WhatsAppBridge] Connection: open ")
    assert "phone=+15551234567" in lines[0] and "pairing_code=[hidden]" in lines[0]
    assert lines[1].startswith("[warning  ] 3 things, ü")
    assert lines[2].startswith("[error    ] went wrong ")
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "hush" not in process.output().replace('password = "hush"', "")
    assert "\x1b" not in process.output()


def test_json_has_one_object_for_an_event(spawn):
    process = spawn("-c", PROGRAM, env={"LOG_FORMAT": "json"})
    assert process.wait() == 0
    opened, library, failed = map(json.loads, process.output().splitlines())
    assert opened["event"] == "[WhatsAppBridge] Connection: open"
    assert opened["process"] == library["process"] == "worker"
    assert opened["pairing_code"] == log.HIDDEN and opened["level"] == "info"
    assert library["event"] == "3 things, ü"
    assert failed["job"] == 7 and "ZeroDivisionError" in failed["exception"]
    assert "timestamp" in failed


def test_the_level_is_chosen(spawn):
    process = spawn("-c", PROGRAM, env={"LOG_LEVEL": "debug"})
    process.wait()
    assert "too small to matter" in process.output()
    assert "chatter" not in process.output()


@pytest.mark.parametrize(
    "name",
    ["qr", "QR", "qr_code", "code", "pairingCode", "token", "setup_token", "openai_api_key"]
    + ["apikey", "secret", "SECRET_KEY", "password", "Password", "Authorization", "keys"],
)
def test_a_name_that_means_a_secret(name):
    assert log.is_secret(name)


@pytest.mark.parametrize(
    "name", ["event", "phone", "reason", "reason_code", "exit_code", "monkey", "decoded", "agent"]
)
def test_a_name_that_means_none(name):
    assert not log.is_secret(name)


def test_secrets_are_hidden_at_any_depth_and_counts_are_not():
    event = {"headers": {"Authorization": "Bearer x"}, "tokens": 812, "code": None, "keys": ["a"]}
    assert log.redact(None, "info", event) == {
        "headers": {"Authorization": log.HIDDEN},
        "tokens": 812,
        "code": None,
        "keys": log.HIDDEN,
    }
