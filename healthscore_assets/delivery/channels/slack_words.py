"""The words by which Slack refuses, as its documentation of each method lists them."""

from healthscore_assets.delivery.channels.channel import Fate

_KEY = "put a valid secret into {place}"
_APP = "let the app post there, or ask an administrator of the workspace"
_PLACE = "see whether the channel exists, and invite the app to it"
_WAIT = "if it goes on, see https://slack-status.com"
_FORM = "this message is not taken by Slack"

_BY_FATE: dict[Fate, dict[str, tuple[str, ...]]] = {
    Fate.LATER: {
        _WAIT: (
            *("ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout"),
            *("internal_error", "fatal_error", "service_unavailable", "team_added_to_org"),
            *("rollup_error", "server_error"),
        )
    },
    Fate.CHANNEL_REFUSED: {
        _KEY: (
            *("invalid_auth", "not_authed", "token_expired", "token_revoked", "invalid_token"),
            *("account_inactive", "not_allowed_token_type", "no_service", "no_service_id"),
            *("no_active_hooks", "no_team", "team_disabled"),
        ),
        _APP: (
            *("missing_scope", "no_permission", "access_denied", "accesslimited"),
            *("ekm_access_denied", "org_login_required", "enterprise_is_restricted"),
            *("team_access_not_granted", "action_prohibited", "restricted_action"),
            *("restricted_action_read_only_channel", "restricted_action_thread_locked"),
            *("restricted_action_thread_only_channel", "posting_to_general_channel_denied"),
            *("method_deprecated", "deprecated_endpoint", "two_factor_setup_required"),
        ),
        _PLACE: (
            *("channel_not_found", "not_in_channel", "is_archived", "channel_is_archived"),
            "messages_tab_disabled",
        ),
    },
    Fate.REFUSED: {
        _FORM: (
            *("invalid_blocks", "invalid_blocks_format", "invalid_payload", "no_text"),
            *("msg_too_long", "msg_blocks_too_long", "too_many_attachments", "user_not_found"),
            *("invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large"),
            "invalid_arguments",
        )
    },
}

WORDS: dict[str, tuple[Fate, str]] = {
    word: (fate, todo)
    for fate, todos in _BY_FATE.items()
    for todo, words in todos.items()
    for word in words
}
"""What becomes of a message by each word, and what to do; ``{place}`` is where the secret is."""
