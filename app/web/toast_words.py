"""What the toasts say, page by page: a sentence for each code, with its figures in braces."""

from core.text.translation import Counted, Sentence, _, ngettext

WORDS: dict[str, Sentence | Counted] = {
    "as_said": Sentence("{sentence}"),
    # Signing in
    "account_made": _("Welcome! Your account is ready."),
    "account_reset": _("Your new password is set."),
    "account_exists": _("The account exists already. Sign in here."),
    "recovery_code_used": _("That recovery code is used up. Left: {left}."),
    "signed_out": _("You are signed out."),
    # Account
    "renamed": _("Your name is changed. Use it to sign in from now on."),
    "password_changed": ngettext(
        "Your password is changed. 1 other session was ended.",
        "Your password is changed. {count} other sessions were ended.",
        none=_("Your password is changed. There was no other session."),
    ),
    "session_ended": _("That browser is signed out."),
    "sessions_ended": ngettext(
        "1 other session was ended.",
        "{count} other sessions were ended.",
        none=_("There was no other session."),
    ),
    "second_factor_on": _("The second factor is on."),
    "second_factor_off": _("The second factor is off."),
    "recovery_codes_made": _("The old recovery codes do not work any more."),
    # Agents
    "agent_made": _("{name} is there and can be written to."),
    "agent_saved": _("Saved. It counts from the next message on."),
    "file_restored": _("{file} is again what it was before."),
    "file_not_restored": _("{problem} Nothing was restored."),
    "agent_removed": _("{name} was removed."),
    "agent_not_removed": _("{problem} {agent} is still there."),
    "agent_back": _("{agent} is back."),
    # Allowlist
    "entry_added": _("{pattern} may write from the next message on."),
    "entry_saved": _("Saved."),
    "entry_removed": _("{entry} was removed."),
    "hidden_removed": _("The hidden number was removed."),
    "entry_back": _("{pattern} is back."),
    "imported": _("The import is done: {new:,} new, {changed:,} changed, {refused:,} refused."),
    # People held
    "person_allowed": _("{person} may write from the next message on."),
    "person_answered": ngettext(
        "{person} may write, and the kept message is being answered.",
        "{person} may write, and the kept {count} messages are being answered.",
    ),
    "allowed_before": _("{person} was on the allowlist already; the entry is unchanged."),
    "person_blocked": _("{person} is blocked."),
    "person_unblocked": _("{person} is not blocked any more. The allowlist decides again."),
    "held_forgotten": _("{person} is forgotten."),
    # Send permissions
    "permission_given": _("{agent} may now write to {recipient}."),
    "permission_removed": _("{agent} may not write to {recipient} any more."),
    # Chat
    "chat_model_chosen": _("The next answer comes from {model}."),
    # Conversations
    "conversation_reset": _(
        "From the next message on, agents know nothing of what was said before."
    ),
    "person_forgotten": _("The person is forgotten."),
    "group_forgotten": _("The group is forgotten."),
    "taken_over": _("You have taken over. What comes in waits for you."),
    "resumed": _("Agents answer here again."),
    "sent_later": _("It is sent as soon as WhatsApp is connected."),
    # Models
    "default_model_chosen": _("Agents without a model of their own use {model} from now on."),
    "favourite_added": _("{model} is a favorite now."),
    "favourite_removed": _("{model} is no favorite any more."),
    "provider_key_kept": _("The key is kept. It is used from the next message on."),
    "provider_key_removed": _("The key is removed."),
    # API keys
    "api_key_revoked": _("{name} is revoked: its key opens nothing any more."),
    # WhatsApp
    "settings_saved": _("Saved. Version {version} rules the next message."),
    "no_worker": _("The worker is not running, so nobody could be asked. Start it and try again."),
}
# What those are called that have no name, by the figure that is None then.
NAMELESS = {
    "entry": _("Everyone"),
    "person": _("This person"),
    "pattern": _("A hidden number"),
    "recipient": _("everyone"),
}
