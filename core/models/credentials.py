"""What is set up to ask models with: whose keys there are, and where servers listen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import InvalidKey, InvalidModel
from core.models.name import ECHO, ModelName

# Providers that want a key. A custom server may do without, Ollama has none.
KEYED = ("openrouter", "anthropic", "openai", "google", "groq", "mistral")
KEY_HOLDERS = (*KEYED, "custom")
KEY_MAX = 1000  # characters


@dataclass(frozen=True)
class Access:
    """Keys and addresses of servers by provider, at one moment. `repr` holds no key."""

    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    addresses: Mapping[str, str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()  # whose stored key can't be decrypted any more

    def check(self, name: ModelName) -> None:
        """Raises `InvalidModel` with the sentence to show when this name can't be asked."""
        provider = name.provider
        if provider == ECHO.provider:
            if name != ECHO:
                raise InvalidModel(f"There is no {name}: the demo is called {ECHO}.")
        elif provider == "openrouter" and "/" not in name.name:
            raise InvalidModel("Write it as openrouter/vendor/name.")
        elif provider == "custom" and provider not in self.addresses:
            raise InvalidModel("There is no server for custom models yet.")
        elif provider in self.unreadable:
            raise InvalidModel(f"The key for {provider} can't be read any more: enter it again.")
        elif provider in KEYED and provider not in self.keys:
            raise InvalidModel(f"There is no key for {provider} yet.")


def needs_access(names: Iterable[ModelName]) -> bool:
    """Whether it takes a key or an address to ask any of these: the echo model needs neither."""
    return any(name.provider != ECHO.provider for name in names)


def clean_key(text: str) -> str:
    """The key as it was copied, without the space around it. Raises `InvalidKey`.

    It goes into a header, and an error of the HTTP library about a bad header would quote it.
    """
    key = text.strip()
    if not key:
        raise InvalidKey("Enter the key.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidKey("A key has only letters, digits and signs, and no spaces.")
    if len(key) > KEY_MAX:
        raise InvalidKey("That is too long for a key.")
    return key
