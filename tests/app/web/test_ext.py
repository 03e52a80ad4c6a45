"""What the views ask for is one and the same for all threads."""

from flask import Flask

from app.web import ext
from app.web.ext import Services


def test_each_is_what_the_application_was_made_with(app: Flask, services: Services) -> None:
    with app.app_context():
        assert ext.services() is services
        assert (ext.db(), ext.live(), ext.agents()) == (services.db, services.live, services.agents)
        assert ext.config() is services.config
        services.now = lambda: "now"  # type: ignore[assignment,return-value]
        assert ext.now() == "now"
