"""Storage: references to presets, the handlers that open and publish them, and the contracts for writing more of them.

The names below are public; everything deeper is private. Nothing here imports Keras, and each name is imported when it
is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.storage.destination import RemoteDestination as RemoteDestination
    from modelry.storage.fetching import announce_fetched as announce_fetched
    from modelry.storage.files import FolderFiles as FolderFiles
    from modelry.storage.files import ForwardingFiles as ForwardingFiles
    from modelry.storage.files import PresetFiles as PresetFiles
    from modelry.storage.handler import PRESET_MARKER as PRESET_MARKER
    from modelry.storage.handler import Release as Release
    from modelry.storage.handler import Storage as Storage
    from modelry.storage.open import open_preset as open_preset
    from modelry.storage.options import COMMON_OPTIONS as COMMON_OPTIONS
    from modelry.storage.options import COMMON_PUBLISHING_OPTIONS as COMMON_PUBLISHING_OPTIONS
    from modelry.storage.options import Budget as Budget
    from modelry.storage.options import OpenOptions as OpenOptions
    from modelry.storage.paths import Reference as Reference
    from modelry.storage.paths import checked_name as checked_name
    from modelry.storage.paths import parse_reference as parse_reference
    from modelry.storage.paths import redact as redact
    from modelry.storage.remote import RemoteStorage as RemoteStorage
    from modelry.storage.remote_source import ByteStream as ByteStream
    from modelry.storage.remote_source import RemoteFile as RemoteFile
    from modelry.storage.remote_source import RemoteSource as RemoteSource
    from modelry.storage.remote_source import Snapshot as Snapshot

_PUBLIC = {
    "Budget": "modelry.storage.options:Budget",
    "ByteStream": "modelry.storage.remote_source:ByteStream",
    "COMMON_OPTIONS": "modelry.storage.options:COMMON_OPTIONS",
    "COMMON_PUBLISHING_OPTIONS": "modelry.storage.options:COMMON_PUBLISHING_OPTIONS",
    "FolderFiles": "modelry.storage.files:FolderFiles",
    "ForwardingFiles": "modelry.storage.files:ForwardingFiles",
    "OpenOptions": "modelry.storage.options:OpenOptions",
    "PRESET_MARKER": "modelry.storage.handler:PRESET_MARKER",
    "PresetFiles": "modelry.storage.files:PresetFiles",
    "Reference": "modelry.storage.paths:Reference",
    "Release": "modelry.storage.handler:Release",
    "RemoteDestination": "modelry.storage.destination:RemoteDestination",
    "RemoteFile": "modelry.storage.remote_source:RemoteFile",
    "RemoteSource": "modelry.storage.remote_source:RemoteSource",
    "RemoteStorage": "modelry.storage.remote:RemoteStorage",
    "Snapshot": "modelry.storage.remote_source:Snapshot",
    "Storage": "modelry.storage.handler:Storage",
    "announce_fetched": "modelry.storage.fetching:announce_fetched",
    "checked_name": "modelry.storage.paths:checked_name",
    "open_preset": "modelry.storage.open:open_preset",
    "parse_reference": "modelry.storage.paths:parse_reference",
    "redact": "modelry.storage.paths:redact",
}

__all__ = list(_PUBLIC)


__getattr__, __dir__ = attach(__name__, _PUBLIC)
