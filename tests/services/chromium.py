"""The browser that is there already; none is downloaded."""

import os
import shutil
from typing import Any

from tests.waiting import PATIENCE_MS

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Chromium heeds only the last of these switches, so this one repeats what Playwright switches off
# (`disabledFeatures` in its driver) and Chromium has. The address bar's pop-ups are pages with a
# renderer of their own in every window, unseen here: two fifths of all processor time.
UNWANTED_FEATURES = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades"),
    *("LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints"),
    *("PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning"),
)

# As root Chromium wants no sandbox of its own; the rest keeps it from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(UNWANTED_FEATURES)}",
)


def find() -> str | None:
    """$CHROMIUM, else the first one on PATH."""
    for name in (os.environ.get("CHROMIUM"), *NAMES):
        if name and (found := shutil.which(name)):
            return found
    return None


def launching() -> dict[str, Any]:
    """How Playwright is to launch it."""
    return {"executable_path": find(), "args": list(ARGUMENTS), "timeout": PATIENCE_MS}
