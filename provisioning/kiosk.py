"""What makes a reading-room computer a terminal of the library: managed policies of Chromium and Edge.

The browser opens the library's pages and nothing else, keeps nothing of a reader, and asks nobody outside. Policies are
the browsers' own, so they hold whatever a reader tries; how it starts by itself is in the instructions beside them.
What they do is tried in a real Chromium (tests/browser/test_terminal.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from provisioning.words import CHINESE, Words

POLICY, CHROME, EDGE = "shuxiang-policy.json", "chrome-policy.reg", "edge-policy.reg"
AUTOSTART, README = "shuxiang-terminal.desktop", "README.txt"
IDLE = 60
_PROFILE = ".shuxiang-terminal"
_BLOCK_ALL, _ALLOW_MOST = 3, 0
# since version 147 the star alone leaves the browser's own pages open: settings, experiments, history
_BLOCKED = ["*", "chrome://*", "edge://*", "javascript://*"]
_PREVIEW = ["chrome://print", "edge://print", "chrome-untrusted://print"]
_REG = {
    CHROME: r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Google\Chrome",
    EDGE: r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Edge",
}
_PARTS = (("about", 4), ("windows", 4), ("linux", 3), ("after", 3))
_EDGE_NAMES = {"IncognitoModeAvailability": "InPrivateModeAvailability"}
_EDGE_ONLY = {"HideFirstRunExperience": True, "HubsSidebarEnabled": False, "ShowRecommendationsEnabled": False,
              "SmartScreenEnabled": False}  # fmt: skip

Policy = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal may open.

    Attributes:
        address: host of the box, as readers type it. others: further hosts of it, such as its four numbers.
        downloads: whether readers may save files. printing: whether they may print.
        idle: minutes without a key or the mouse after which the browser begins anew; 0: never. Who only listens touches
            nothing, so it is long.
    """

    address: str
    others: tuple[str, ...] = ()
    downloads: bool = False
    printing: bool = False
    idle: int = IDLE

    @property
    def home(self) -> str:
        """The page that it opens."""
        return f"http://{self.address}/"


def policy_of(terminal: Terminal) -> Policy:
    """Policies by their names, as Chromium, Chrome and Edge know them alike."""
    hosts = (terminal.address, *terminal.others)
    # else what comes over plain http is held back behind a warning, on a page that is blocked
    saved = {"OverrideSecurityRestrictionsOnInsecureOrigin": [f"http://{host}" for host in hosts]}
    return {
        **(saved if terminal.downloads else {}),
        # one site
        "HomepageLocation": terminal.home, "HomepageIsNewTabPage": False, "NewTabPageLocation": terminal.home,
        "ShowHomeButton": True, "RestoreOnStartup": 4, "RestoreOnStartupURLs": [terminal.home],
        "URLBlocklist": _BLOCKED,
        "URLAllowlist": [
            *(f"{scheme}://.{host}" for host in hosts for scheme in ("http", "https")),
            *(_PREVIEW if terminal.printing else ()),
        ],
        # nothing of a reader stays
        "ForceEphemeralProfiles": True, "IncognitoModeAvailability": 1, "BrowserSignin": 0, "SyncDisabled": True,
        "SavingBrowserHistoryDisabled": True, "PasswordManagerEnabled": False, "AutofillAddressEnabled": False,
        "AutofillCreditCardEnabled": False, "BrowserGuestModeEnabled": False, "BrowserAddPersonEnabled": False,
        # nothing is changed, added or recorded
        "DeveloperToolsAvailability": 2, "RemoteDebuggingAllowed": False, "TaskManagerEndProcessEnabled": False,
        "ExtensionInstallBlocklist": ["*"], "BookmarkBarEnabled": False,
        "EditBookmarksEnabled": False, "DefaultNotificationsSetting": 2, "DefaultGeolocationSetting": 2,
        "AudioCaptureAllowed": False, "VideoCaptureAllowed": False, "DefaultPopupsSetting": 2,
        "DownloadRestrictions": _ALLOW_MOST if terminal.downloads else _BLOCK_ALL,
        "PromptForDownloadLocation": terminal.downloads, "AllowFileSelectionDialogs": terminal.downloads,
        "PrintingEnabled": terminal.printing, "AllowDinosaurEasterEgg": False, "UserFeedbackAllowed": False,
        # nobody outside is asked, and plain http inside is right
        "DefaultSearchProviderEnabled": False, "SearchSuggestEnabled": False, "TranslateEnabled": False,
        "MetricsReportingEnabled": False, "ComponentUpdatesEnabled": False, "BackgroundModeEnabled": False,
        "DnsOverHttpsMode": "off", "HttpsOnlyMode": "disallowed", "HttpsUpgradesEnabled": False,
        "DefaultBrowserSettingEnabled": False, "PromotionalTabsEnabled": False, "SafeBrowsingProtectionLevel": 0,
        "NetworkPredictionOptions": 2, "BrowserNetworkTimeQueriesEnabled": False, "ChromeVariations": 2,
        "SpellCheckServiceEnabled": False, "UrlKeyedAnonymizedDataCollectionEnabled": False,
        "AlternateErrorPagesEnabled": False, "EnableMediaRouter": False,
    }  # fmt: skip


def linux_policy(terminal: Terminal) -> Policy:
    """The same, and that the browser ends when nobody is there; the file that starts it starts it anew."""
    idle = {"IdleTimeout": terminal.idle, "IdleTimeoutActions": ["close_browsers"]} if terminal.idle else {}
    return {**policy_of(terminal), **idle}


def terminal_files(terminal: Terminal) -> dict[str, bytes]:
    """Every file of a terminal, by name; the same arguments give the same bytes."""
    policy = policy_of(terminal)
    edge = {_EDGE_NAMES.get(name, name): value for name, value in policy.items()} | _EDGE_ONLY
    return {
        POLICY: json.dumps(linux_policy(terminal), ensure_ascii=False, indent=1).encode() + b"\n",
        CHROME: _registry_file(_REG[CHROME], policy),
        EDGE: _registry_file(_REG[EDGE], edge),
        AUTOSTART: _autostart(terminal).encode(),
        README: _readme(terminal),
    }


def _registry_file(key: str, policy: Policy) -> bytes:
    """A file that Windows' own editor of settings takes: UTF-16 with a mark, CR LF."""
    plain, lists = [], []
    for name, value in policy.items():
        if isinstance(value, list):
            # the list that was there goes first, or longer ones would keep their ends
            lists += ["", f"[-{key}\\{name}]", "", f"[{key}\\{name}]"]
            lists += [f'"{n}"={_quoted(one)}' for n, one in enumerate(value, 1)]
        else:
            plain.append(f'"{name}"={_quoted(value) if isinstance(value, str) else f"dword:{int(value):08x}"}')
    lines = ["Windows Registry Editor Version 5.00", "", f"[{key}]", *plain, *lists, ""]
    return b"\xff\xfe" + "\r\n".join(lines).encode("utf-16-le")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _autostart(terminal: Terminal) -> str:
    """Starts the browser, and again whenever it ends: a reader who closes it finds no desktop.

    Its folder goes before each start: an ephemeral profile leaves files where the browser is killed or the power fails.

    No policy ends all that a browser asks of its maker (newer parts, accounts); names of others are not looked up then.
    """
    name = Words.load(CHINESE).label("kiosk.name")
    hosts = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in (terminal.address, *terminal.others))])
    quiet = f"--disable-background-networking --disable-component-update --host-resolver-rules='{hosts}'"
    browser = f"chromium --user-data-dir={_PROFILE} --kiosk --noerrdialogs --disable-pinch {quiet} {terminal.home}"
    return (
        f"[Desktop Entry]\nType=Application\nName={name}\n"
        f'Exec=sh -c "cd; while :; do rm -rf {_PROFILE}; {browser}; sleep 2; done"\nX-GNOME-Autostart-enabled=true\n'
    )


def _readme(terminal: Terminal) -> bytes:
    """UTF-8 with a byte order mark and CR LF, as the oldest Notepad wants it."""
    words = Words.load(CHINESE)
    told = {
        "home": terminal.home, "policy": POLICY, "chrome": CHROME, "edge": EDGE, "autostart": AUTOSTART,
        "downloads": words.label("kiosk.downloads_yes" if terminal.downloads else "kiosk.downloads_no"),
        "idle": words.label("kiosk.idle_yes" if terminal.idle else "kiosk.idle_no", minutes=terminal.idle),
        "printing": words.label("kiosk.printing_yes" if terminal.printing else "kiosk.printing_no"),
    }  # fmt: skip
    lines = [words.label("kiosk.title"), ""]
    for part, count in _PARTS:
        steps = (words.label(f"kiosk.{part}_{n}", **told) for n in range(1, count + 1))
        lines += [words.label(f"kiosk.{part}"), *(f"{n}. {step}" for n, step in enumerate(steps, 1)), ""]
    # a line to be typed as it stands is not a part of the words
    at = next(n for n, line in enumerate(lines) if line.endswith(words.label("kiosk.windows_3", **told)))
    idle = f" --kiosk-idle-timeout-minutes={terminal.idle}" if terminal.idle else ""
    lines.insert(at + 1, f"   msedge.exe --kiosk {terminal.home} --edge-kiosk-type=fullscreen{idle}")
    return ("\ufeff" + "\r\n".join(lines)).encode()
