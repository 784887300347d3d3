"""No variable ``JPPNET_…`` is set in vain, and none that was meant to close the service leaves it open."""

import re
from pathlib import Path

import pytest

from service.cli.settings_help import settings_help
from service.environment import SettingsError, read_serving_settings, read_settings
from service.settings import Settings

ROOT = Path(__file__).parents[2]
SAID = (
    "README.md",
    "docs/*.md",
    "docker-compose.yml",
    "Dockerfile",
    "docker/**/*",
    "clients/**/*.py",
    "service/**/*.py",
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("JPPNET_QUEUESIZE", "JPPNET_QUEUESIZE is no setting. Did you mean JPPNET_QUEUE_SIZE?"),
        ("JPPNET_APIKEYS", "Did you mean JPPNET_API_KEYS?"),
        ("JPPNET_TIMEOUT", "Did you mean JPPNET_TIMEOUT_SECONDS?"),
        ("jppnet_qeue_size", "Did you mean JPPNET_QUEUE_SIZE?"),
        ("JPPNET_ZZZZ", "JPPNET_ZZZZ is no setting. docs/operations.md lists the settings"),
        ("JPPNET_", "JPPNET_ is no setting"),
        ("JPPNET_LANES_PORT", "JPPNET_LANES_PORT is no setting"),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest_that_is(name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        read_settings({}, {name: "1"})


def test_help_lists_every_setting_and_says_what_it_is() -> None:
    said = settings_help()
    for name, field in Settings.model_fields.items():
        assert f"\n\nJPPNET_{name.upper()} (" in said
        assert field.description, name
    assert "JPPNET_KEEP_ALIVE_SECONDS (75): Time that a connection stays open" in said
    assert "JPPNET_CLOSER_LOOK (true)" in said


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_MAX_PIXELS", "many")
    monkeypatch.setenv("JPPNET_QUEUESIZE", "1")
    with pytest.raises(SettingsError) as refused:
        read_settings({})
    assert [line.split()[0] for line in str(refused.value).splitlines()] == ["JPPNET_QUEUESIZE", "JPPNET_MAX_PIXELS:"]


def test_every_variable_that_the_project_speaks_of_is_known() -> None:
    files = [file for pattern in SAID for file in ROOT.glob(pattern) if file.is_file()]
    names = {name for file in files for name in re.findall(r"JPPNET_[A-Z0-9_]*[A-Z0-9]\b", file.read_text())}
    assert {"JPPNET_API_KEY", "JPPNET_MEMORY", "JPPNET_PUBLISH", "JPPNET_REPLICAS", "JPPNET_TENSORRT_CACHE"} <= names
    for name in names:
        read_settings({}, {name: ""})
    for field in Settings.model_fields:
        read_settings({}, {f"JPPNET_{field.upper()}": ""})


KUBERNETES = {
    "JPPNET_SERVICE_HOST": "10.3.240.7",
    "JPPNET_SERVICE_PORT": "80",
    "JPPNET_SERVICE_PORT_HTTP": "80",
    "JPPNET_PORT": "tcp://10.3.240.7:80",
    "JPPNET_PORT_80_TCP": "tcp://10.3.240.7:80",
    "JPPNET_PORT_80_TCP_PROTO": "tcp",
    "JPPNET_PORT_80_TCP_PORT": "80",
    "JPPNET_PORT_80_TCP_ADDR": "10.3.240.7",
    "JPPNET_BASE_SERVICE_HOST": "10.3.240.8",
    "JPPNET_BASE_SERVICE_PORT": "80",
    "JPPNET_BASE_PORT": "udp://10.3.240.8:80",
    "JPPNET_BASE_PORT_80_UDP_ADDR": "10.3.240.8",
}
"""What Kubernetes sets in a pod where Services are called “jppnet” and “jppnet-base”, unless it is told not to."""


def test_what_kubernetes_says_of_its_services_is_no_setting_and_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    assert read_serving_settings({}).port == 8000
    monkeypatch.setenv("JPPNET_PORT", "9000")
    assert read_serving_settings({}).port == 9000


def test_the_command_lines_key_does_not_leave_a_service_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPPNET_API_KEY", "secret")
    with pytest.raises(SettingsError, match=r"does not protect this one. Put the keys of the service into JPPNET_API"):
        read_serving_settings({})
    read_settings({})  # a key for other services is no mistake of who does not serve
    monkeypatch.setenv("JPPNET_API_KEYS", "other")
    read_serving_settings({})


@pytest.mark.parametrize("text", ["", " ", "[]", ",", '["  "]', '[" secret"]', '["sec\\nret"]'])
@pytest.mark.parametrize("name", ["JPPNET_API_KEYS", "JPPNET_METRICS_KEYS"])
def test_keys_that_are_blank_are_refused(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError, match=name) as refused:
        read_settings({})
    assert "sec" not in str(refused.value)
