"""Names by which chat clients ask for a small model nobody has chosen: titles, summaries, other work in the background. Pure."""

from __future__ import annotations

from channels_app import model_map

# By the client that asks; as written in its source (NextChat: SUMMARIZE_MODEL and its siblings, Claude Code: its haiku,
# LobeHub: DEFAULT_MINI_MODEL, LibreChat: titleModel, Codex: its mini models).
BY_CLIENT = {
    "NextChat": ("gpt-4o-mini", "gemini-pro", "deepseek-chat"),
    "Claude Code": ("claude-haiku-*", "claude-3-5-haiku-*", "claude-3-haiku-*"),
    "LobeHub": ("gpt-5-mini", "gpt-4.1-mini", "gpt-5.4-mini"),
    "LibreChat": ("gpt-3.5-turbo", "gpt-4.1-nano"),
    "Codex": ("gpt-5*-codex-mini", "codex-mini-latest"),
}
NAMES = tuple(name for names in BY_CLIENT.values() for name in names)
_MAP = dict.fromkeys(NAMES, "")


def covers(name: str) -> bool:
    """Tell whether clients ask for this name by themselves."""
    return model_map.upstream(_MAP, name) is not None
