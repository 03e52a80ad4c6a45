"""Every page of the panel, with an address for each that `tests/support/history.py` makes true.

Whoever adds a page is told to add it here (`tests/app/test_pages.py`); then it is read by axe in
both themes and widths, weighed, and its SQL statements are counted.
"""

from tests.support.history import CHAT, HELD_MESSAGE, MESSAGE, PANEL_CHAT, REPLY

PAGES = {
    "overview.show_overview": "/",
    "whatsapp.show_whatsapp": "/whatsapp/",
    "whatsapp.show_wizard": "/whatsapp/link",
    "whatsapp.confirm_unlink": "/whatsapp/unlink",
    "allowlist.list_entries": "/allowlist/",
    "allowlist.edit_entry": "/allowlist/1/edit",
    "allowlist.remove_entry": "/allowlist/1/remove",
    "allowlist.imports.start_import": "/allowlist/import/",
    "allowlist.tester.show_tester": "/allowlist/tester/?phone=%2B15550000001",
    "people.list_people": "/people/",
    "people.allow_person": "/people/13/allow",
    "people.block_person": "/people/13/block",
    "people.forget_person": "/people/13/forget",
    "conversations.list_conversations": "/conversations/",
    "conversations.show_chat": f"/conversations/{CHAT}",
    "conversations.reset_contexts": f"/conversations/{CHAT}/reset",
    "conversations.forget_chat": f"/conversations/{CHAT}/forget",
    "takeover.show_takeover": f"/conversations/{CHAT}/takeover",
    "traces.show_message": f"/conversations/{CHAT}/messages/{MESSAGE}",
    "traces.show_sent": f"/conversations/{CHAT}/sent/{REPLY}",
    "traces.show_message_alone": f"/messages/{HELD_MESSAGE}",
    "chat.show_new_chat": "/chat/",
    "chat.show_chat": f"/chat/{PANEL_CHAT}",
    "agents.list_agents": "/agents/",
    "agents.create_agent": "/agents/new",
    "agents.edit_agent": "/agents/finn/",
    "agents.show_prompt": "/agents/finn/prompt",
    "agents.remove_agent": "/agents/finn/remove",
    "models.list_models": "/models/",
    "providers.enter_key": "/models/keys/openai",
    "permissions.list_permissions": "/permissions/",
    "permissions.remove_permission": "/permissions/1/remove",
    "keys.list_keys": "/keys/",
    "keys.revoke_key": "/keys/1/revoke",
    "diagnostics.show_diagnostics": "/diagnostics/",
    "diagnostics.show_log": "/diagnostics/log?level=warning",
    "diagnostics.explain_no_reply": "/diagnostics/why?q=%2B1555",
    "account.show_account": "/account/",
    "second_factor.switch_second_factor_on": "/account/second-factor/on",
    "audit.list_acts": "/account/audit/",
}

# Before signing in; `tests/browser/test_accessible.py` goes through them one after the other.
DOORS = {"auth.log_in", "auth.enter_code", "auth.set_up"}

_FRAGMENT = "a part of a page; without htmx it leads to that page"
_ASKS = "a question that needs something done before; its own tests look at it"
NOT_PAGES = {
    "whatsapp.show_status": _FRAGMENT,
    "whatsapp.show_version": _FRAGMENT,
    "allowlist.show_entry": _FRAGMENT,
    "chat.show_changes": _FRAGMENT,
    "permissions.show_row": _FRAGMENT,
    "keys.show_row": _FRAGMENT,
    "providers.show_row": _FRAGMENT,
    "diagnostics.show_current": _FRAGMENT,
    "diagnostics.show_log_lines": _FRAGMENT,
    "second_factor.show_second_factor": _FRAGMENT,
    "conversations.show_changes": _FRAGMENT,
    "allowlist.export_entries": "a file",
    "audit.download_acts": "a file",
    "export.export_conversation": "a file",
    "agents.restore_file": _ASKS,
    "providers.remove_key": _ASKS,
    "providers.show_test": _ASKS,
    "second_factor.show_codes": _ASKS,
    "second_factor.make_codes": _ASKS,
    "second_factor.switch_second_factor_off": _ASKS,
}
