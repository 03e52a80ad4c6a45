"""What is different where a conversation takes place."""

import pytest

from core.channel import ON_WHATSAPP, Channel


@pytest.mark.parametrize("channel", Channel)
def test_the_panel_is_the_one_that_is_not_on_whatsapp(channel: Channel) -> None:
    is_panel = channel is Channel.PANEL
    assert channel.is_on_whatsapp is (channel in ON_WHATSAPP) is (not is_panel)
    assert (channel.uses_outbox, channel.gathers_lines) == (not is_panel, not is_panel)
    assert (channel.keeps_agent, channel.shows_partials) == (is_panel, is_panel)
