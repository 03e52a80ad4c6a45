"""What can go wrong in this product's own terms. `str(error)` is the sentence a person reads."""


class DjinnError(Exception):
    """The root. Anything else that is raised is a bug."""


class InvalidPhone(DjinnError):
    """The text is not a phone number in international form."""


class InvalidPattern(DjinnError):
    """The text is no phone number, prefix such as +1555*, hidden id or *."""


class DuplicateEntry(DjinnError):
    """The allowlist has this pattern already."""


class InvalidTable(DjinnError):
    """The text can't be read as a table of the allowlist."""


class InvalidEmoji(DjinnError):
    """The text is not exactly one emoji."""


class InvalidSetting(DjinnError):
    """A setting is outside its range; `field` names it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class InvalidModel(DjinnError):
    """The text names no model that could be used."""


class InvalidKey(DjinnError):
    """The text can't be the key of an AI provider."""


class UnknownAgent(DjinnError):
    """No agent goes by this name."""


class AgentTaken(DjinnError):
    """There is an agent, or another folder, of this name."""


class AgentChanged(DjinnError):
    """An agent's files are not those that were shown before the change."""


class NotWritable(DjinnError):
    """A file can't be written; `str(error)` says why."""


class NotConnected(DjinnError):
    """WhatsApp can't be reached at the moment."""

    def __init__(self, sentence: str = "WhatsApp is not connected") -> None:
        super().__init__(sentence)


class LockHeld(DjinnError):
    """Another worker holds the connection."""

    def __init__(self) -> None:
        super().__init__("Another engine instance holds the WhatsApp lock")
