"""A folder of eleven agents as an installation of the original has it, with all its quirks.

Ten can be used, `holt` has a broken config.yml; what else is there is no agent.
"""

from pathlib import Path

PULSE_KEYS = """\
pulse_blackouts:
- end_time: 07:00
  label: Nighttime
  start_time: '23:00'
  type: recurring
pulse_columns:
- Ready
- Review
pulse_enabled: false
pulse_interval_minutes: 30
pulse_one_offs: []
"""
FINN = f"""\
# Finn decides what is built. Ask Ana before you change the model!
coordination:
  max_concurrent_pulse_sessions: 2
  wake_guardrails: {{cooldown_seconds: 300,   max_wakes_per_day: 12}}
executor_model: ''
model: custom/small   # cheap, and good enough
{PULSE_KEYS}thinkingModel: z-ai/glm-5
thinking_level: 'off'
thinking_model: "custom/large"
thread_mode: passive
"""


def identity(name: str, role: str, emoji: str, origin: str = "Somewhere") -> str:
    return (
        f"# {name} — {role}\n\n- **Name:** {name}\n- **Origin:** {origin}\n- **Role:** {role}\n"
        f"- **Abbreviation:** XX\n- **Emoji:** {emoji}\n- **Pipeline Stage:** ON-DEMAND\n"
    )


FILES: dict[str, str | bytes] = {
    "finn/config.yml": FINN,
    "finn/IDENTITY.md": identity("Finn", "Solutions Architect", "🏗️", "Ireland 🇮🇪"),
    "finn/SOUL.md": "# Soul\n\nCalm, and fond of diagrams.\n",
    "finn/AGENTS.md": "# Finn\n\n## Role\n\nDraw first, decide later.\n",
    "finn/PULSE.md": "Wake up, look at the board.\n",
    "finn/slack.yml": "bot_token: ${SLACK_FINN_BOT_TOKEN}\napp_token: ${SLACK_FINN_APP_TOKEN}\n",
    "finn/.gitkeep": "",
    # Written on Windows, with a byte order mark.
    "yukihiro/config.yml": f"model: custom/small\n{PULSE_KEYS}".replace("\n", "\r\n"),
    "yukihiro/IDENTITY.md": b"\xef\xbb\xbf"
    + identity("Yukihiro", "Software Engineer", "💻").replace("\n", "\r\n").encode(),
    "yukihiro/SOUL.md": "Short sentences.\r\nShorter code.\r\n",
    # An emoji in the name.
    "grace/config.yml": f"model: custom/small\n{PULSE_KEYS}",
    "grace/IDENTITY.md": identity("Grace 📝", "Executive Assistant", "📝"),
    "grace/DECISION.md": "When to answer.\n",
    # No identity.
    "eric/config.yml": "model: custom/small\nthinkingModel: moonshotai/kimi-k2.5\n",
    "eric/AGENTS.md": "Write stories that a developer can finish.\n",
    # No configuration.
    "chieko/IDENTITY.md": identity("Chieko", "Test Engineer", "🧪", "Japan 🇯🇵"),
    "chieko/AGENTS.md": "Break it before they do.\n",
    # A heading and no fields.
    "jim/config.yml": "model: custom/small\n",
    "jim/IDENTITY.md": "# Jim — Business & Finance Lead\n\nCounts things.\n",
    # A provider that is not ours.
    "luke/config.yml": f"model: xai/grok-4-1-fast-reasoning\n{PULSE_KEYS}",
    "luke/IDENTITY.md": identity("Luke", "Designer", "🎨"),
    # Empty, or nearly.
    "stas/config.yml": "",
    "stas/IDENTITY.md": identity("Stas", "Site Reliability Engineer", "🚨"),
    "yang/config.yml": "model: ''\nplanning_model: ''\nskills_disabled: []\n",
    "yang/IDENTITY.md": "**Name**: Yang\n**Role:** Developer Experience\n**Emoji:**\n",
    "shigeo/SOUL.md": "I look at every pixel.\n",
    # Broken.
    "holt/config.yml": "model: custom/small\npulse_columns: [Ready,\nthread_mode: passive\n",
    "holt/IDENTITY.md": identity("Holt", "Marketing", "📣"),
    "holt/SOUL.md": "Loud.\n",
    # No agents.
    "_templates/AGENTS.md": "For all.\n",
    "_templates/PULSE.md": "For all.\n",
    "roles/reviewer.yml": "reads: everything\n",
    "_skills/search.md": "How to search.\n",
    ".git/config": "[core]\n",
    "README.md": "Agents live here.\n",
}
USABLE = sorted({path.split("/")[0] for path in FILES if "/" in path and path[0] not in "._"})
USABLE = [name for name in USABLE if name not in ("holt", "roles")]


def build(root: Path) -> Path:
    for name, content in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def contents(root: Path) -> dict[str, bytes]:
    """All files below a folder, by their path."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}
