"""Why an agent gave no answer: the code that is stored with the turn, what the person reads, and
what the owner reads in the panel. Nothing of the latter ever reaches a contact.
"""

from enum import StrEnum

from core.errors import DjinnError
from core.models.usage import Spent


class AgentFailed(DjinnError):
    """An agent could not answer. `str(error)` is for the person who wrote; `detail` is for the
    owner and may name keys' owners, models and servers, so it never reaches a contact. `spent` is
    what it has cost all the same."""

    def __init__(
        self, code: str, sentence: str, detail: str = "", spent: Spent | None = None
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.detail = detail
        self.spent = spent or Spent()


class Failure(StrEnum):
    NO_AGENT = "no_agent"  # no agent is set up to answer this person
    UNKNOWN_MODEL = "unknown_model"  # the provider, its key or the model is not there
    AUTH = "auth"  # the provider does not accept the key
    QUOTA = "quota"  # the provider's account has run out of money
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    CONTEXT_TOO_LONG = "context_too_long"
    REFUSED = "refused"  # by the provider's content filter
    REJECTED = "rejected"  # the provider does not take the request in this form
    BAD_ANSWER = "bad_answer"  # not what the provider's own rules say an answer is
    EMPTY_REPLY = "empty_reply"
    TOO_MANY_STEPS = "too_many_steps"  # the agent went on and on using tools
    RATE_LIMITED = "rate_limited"  # by the owner's limit for one person
    OVER_BUDGET = "over_budget"  # of one person for one day, by the owner's limit
    CRASHED = "crashed"  # the process died over it, again and again
    BUG = "bug"

    @property
    def sentence(self) -> str:
        """What the person reads in place of an answer."""
        return _SENTENCES[self]

    @property
    def for_owner(self) -> str:
        """What it means and what to do about it."""
        return _FOR_OWNER[self]

    @property
    def may_pass_elsewhere(self) -> bool:
        """Whether another model could answer where this one failed."""
        return self in _THIS_MODELS_OWN


_NOT_NOW = "I can't answer at the moment. Please try again in a while."
_NOT_SET_UP = "I can't answer at the moment: my AI model isn't set up properly."
_SENTENCES = {
    Failure.NO_AGENT: "No agent is set up to answer here yet.",
    Failure.UNKNOWN_MODEL: _NOT_SET_UP,
    Failure.AUTH: _NOT_SET_UP,
    Failure.QUOTA: _NOT_NOW,
    Failure.RATE_LIMIT: "Too many people are asking at the moment. Please try again in a minute.",
    Failure.TIMEOUT: "That took too long, so I have no answer. Please try again.",
    Failure.UNREACHABLE: _NOT_NOW,
    Failure.SERVER_ERROR: _NOT_NOW,
    Failure.CONTEXT_TOO_LONG: "Our conversation has become too long. Send /new to start afresh.",
    Failure.REFUSED: "I'm not able to answer that.",
    Failure.REJECTED: "My AI model can't work with that. Please put it differently.",
    Failure.BAD_ANSWER: "I got no usable answer. Please try again.",
    Failure.EMPTY_REPLY: "I got no usable answer. Please try again.",
    Failure.TOO_MANY_STEPS: "That took too many steps, so I have no answer. Please ask for less.",
    Failure.RATE_LIMITED: (
        "You are writing faster than I can answer. Please wait a minute, then write again."
    ),
    Failure.OVER_BUDGET: "That is all I can answer you today. Please write again tomorrow.",
    Failure.CRASHED: "Something went wrong on my side, so I have no answer to that.",
    Failure.BUG: "Something went wrong on my side. Please try again.",
}

_FOR_OWNER = {
    Failure.NO_AGENT: "No agent could be chosen. Set a default agent, or one for this sender.",
    Failure.UNKNOWN_MODEL: (
        "The model can't be used: its provider is not set up, or has no model of that name."
    ),
    Failure.AUTH: "The provider does not accept the key. Enter a valid one under Models.",
    Failure.QUOTA: "The provider's account has no credit left. Top it up there.",
    Failure.RATE_LIMIT: (
        "The provider limits how often it may be asked. If that goes on, ask it for a higher "
        "limit or give the agent a fallback model."
    ),
    Failure.TIMEOUT: "The model gave no answer in time.",
    Failure.UNREACHABLE: (
        "The provider could not be reached. Check this machine's network and the server's address."
    ),
    Failure.SERVER_ERROR: "The provider has trouble of its own. Usually that passes.",
    Failure.CONTEXT_TOO_LONG: (
        "The conversation no longer fits into the model. It has to start afresh, or to go on with "
        "a model that takes more."
    ),
    Failure.REFUSED: "The provider's content filter stopped the answer.",
    Failure.REJECTED: (
        "The provider does not take the request in this form. The model may lack something that "
        "the agent needs, such as tools."
    ),
    Failure.BAD_ANSWER: "What came back is not an answer in the provider's own format.",
    Failure.EMPTY_REPLY: "The model answered without a word.",
    Failure.TOO_MANY_STEPS: (
        "The agent went on using tools or tokens until the limit of one turn was reached."
    ),
    Failure.RATE_LIMITED: (
        "This person wrote more messages within a minute than the settings allow. They were told "
        "once; what they wrote meanwhile is not answered."
    ),
    Failure.OVER_BUDGET: (
        "This person's answers have cost today (in UTC) what the settings allow. They were told "
        "once; what they write for the rest of the day is not answered."
    ),
    Failure.CRASHED: (
        "The process that answers ended each time it worked on this, so it was given up. Look for "
        "what ended it: too little memory, or a restart while a long answer was made."
    ),
    Failure.BUG: "DjinnBot itself failed. The details say where.",
}
_THIS_MODELS_OWN = frozenset(
    {
        Failure.UNKNOWN_MODEL,
        Failure.AUTH,
        Failure.QUOTA,
        Failure.RATE_LIMIT,
        Failure.TIMEOUT,
        Failure.UNREACHABLE,
        Failure.SERVER_ERROR,
        Failure.CONTEXT_TOO_LONG,
        Failure.REJECTED,
        Failure.BAD_ANSWER,
    }
)


def make_error(failure: Failure, detail: str = "", spent: Spent | None = None) -> AgentFailed:
    """The error to raise. `detail` is for the owner only."""
    return AgentFailed(failure, failure.sentence, detail, spent)
