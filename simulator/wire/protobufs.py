"""The protocol's protobuf messages, as they ship inside neonize.

Importing this loads neonize and with it the Go library (about 0.3 s, seven threads): the simulator
reads the token dictionary out of that library too, so that both always match the installed wheel.
"""

import logging
import warnings

import pylibmagic  # noqa: F401  neonize imports python-magic, which needs a libmagic to be found

# neonize configures the root logger and leaves two pipes unclosed when it is imported.
_handlers = list(logging.root.handlers)
_level = logging.root.level
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)
    import neonize._binder
    from neonize.proto.waAdv import WAAdv_pb2 as adv
    from neonize.proto.waCert import WACert_pb2 as cert
    from neonize.proto.waCommon import WACommon_pb2 as common
    from neonize.proto.waCompanionReg import WACompanionReg_pb2 as companion
    from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e
    from neonize.proto.waHistorySync import WAWebProtobufsHistorySync_pb2 as history
    from neonize.proto.waMmsRetry import WAMmsRetry_pb2 as retry
    from neonize.proto.waServerSync import WAServerSync_pb2 as sync
    from neonize.proto.waWa6 import WAWebProtobufsWa6_pb2 as wa6
    from neonize.proto.waWeb import WAWebProtobufsWeb_pb2 as web
logging.root.handlers[:] = _handlers
logging.root.setLevel(_level)

LIBRARY_PATH: str = neonize._binder.gocode._name

__all__ = [
    "LIBRARY_PATH",
    "adv",
    "cert",
    "common",
    "companion",
    "e2e",
    "history",
    "retry",
    "sync",
    "wa6",
    "web",
]
