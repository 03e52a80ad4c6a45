"""neonize, for tests that take it to pieces. Import it from here: it leaves `uname` and `ldconfig`
behind, still running, when it is imported first, and here a warning is an error."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)
    from neonize import client, events, exc
    from neonize.proto import Neonize_pb2
    from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e
    from neonize.utils import enum
    from neonize.utils.jid import build_jid

__all__ = ["Neonize_pb2", "build_jid", "client", "e2e", "enum", "events", "exc"]
