"""An agents' folder with all the original's quirks."""

from pathlib import Path

import pytest

from app.web.ext import Services
from store.agents.agents import AgentFolder
from tests.support import agent_folders


@pytest.fixture
def root(services: Services, tmp_path: Path) -> Path:
    """The agents' folder of this panel."""
    services.agents = AgentFolder(agent_folders.build(tmp_path / "eleven"))
    return services.agents.path
