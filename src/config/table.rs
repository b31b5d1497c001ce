//! Every setting: its place in the configuration file, the environment variable that sets it, and what it holds.

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Text that is never shown, and that may be read from a file.
    Secret,
    /// A whole number.
    Number,
    /// Texts, in the environment separated by commas.
    List,
    /// Yes or no: `true` or `false`, in the environment also `1` or `0`.
    Switch,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// `section.name`, as in `config/default.toml`.
    pub(super) key: &'static str,
    /// The environment variable.
    pub(super) variable: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
}

const fn setting(key: &'static str, variable: &'static str, kind: Kind) -> Setting {
    Setting { key, variable, kind }
}

/// In the order of `config/default.toml`.
pub(super) const SETTINGS: &[Setting] = &[
    setting("server.bind", "VASYA_BIND", Kind::Text),
    setting("server.cors_origin", "VASYA_CORS_ORIGIN", Kind::Text),
    setting("server.public_url", "VASYA_PUBLIC_URL", Kind::Text),
    setting("server.body_bytes_max", "VASYA_BODY_BYTES_MAX", Kind::Number),
    setting("server.upload_bytes_max", "VASYA_UPLOAD_BYTES_MAX", Kind::Number),
    setting("server.request_secs", "VASYA_REQUEST_SECS", Kind::Number),
    setting("server.keep_alive_secs", "VASYA_KEEP_ALIVE_SECS", Kind::Number),
    setting("server.connections_max", "VASYA_CONNECTIONS_MAX", Kind::Number),
    setting("server.threads", "VASYA_THREADS", Kind::Number),
    setting("server.shutdown_secs", "VASYA_SHUTDOWN_SECS", Kind::Number),
    setting("graphql.introspection", "VASYA_GRAPHQL_INTROSPECTION", Kind::Switch),
    setting("graphql.playground", "VASYA_GRAPHQL_PLAYGROUND", Kind::Switch),
    setting("graphql.depth_max", "VASYA_GRAPHQL_DEPTH_MAX", Kind::Number),
    setting("graphql.complexity_max", "VASYA_GRAPHQL_COMPLEXITY_MAX", Kind::Number),
    setting("graphql.aliases_max", "VASYA_GRAPHQL_ALIASES_MAX", Kind::Number),
    setting("graphql.directives_max", "VASYA_GRAPHQL_DIRECTIVES_MAX", Kind::Number),
    setting("graphql.tokens_max", "VASYA_GRAPHQL_TOKENS_MAX", Kind::Number),
    setting("graphql.batch_max", "VASYA_GRAPHQL_BATCH_MAX", Kind::Number),
    setting("graphql.init_secs", "VASYA_GRAPHQL_INIT_SECS", Kind::Number),
    setting("graphql.operations_per_socket_max", "VASYA_GRAPHQL_OPERATIONS_PER_SOCKET_MAX", Kind::Number),
    setting("graphql.message_bytes_max", "VASYA_GRAPHQL_MESSAGE_BYTES_MAX", Kind::Number),
    setting("graphql.ping_secs", "VASYA_GRAPHQL_PING_SECS", Kind::Number),
    setting("auth.mode", "AUTH_MODE", Kind::Text),
    setting("auth.jwt_secret", "JWT_SECRET", Kind::Secret),
    setting("auth.jwt_secret_previous", "JWT_SECRET_PREVIOUS", Kind::Secret),
    setting("auth.jwt_issuer", "JWT_ISSUER", Kind::Text),
    setting("auth.jwt_audience", "JWT_AUDIENCE", Kind::Text),
    setting("auth.admin_users", "VASYA_ADMIN_USERS", Kind::List),
    setting("auth.local_token", "VASYA_LOCAL_TOKEN", Kind::Secret),
    setting("data.dir", "VASYA_DATA_DIR", Kind::Text),
    setting("data.session_master_key", "SESSION_MASTER_KEY", Kind::Secret),
    setting("data.session_master_key_next_file", "SESSION_MASTER_KEY_NEXT_FILE", Kind::Text),
    setting("data.store_cache_mib", "VASYA_STORE_CACHE_MIB", Kind::Number),
    setting("audit.checkpoint_secs", "VASYA_AUDIT_CHECKPOINT_SECS", Kind::Number),
    setting("audit.witness_url", "VASYA_AUDIT_WITNESS_URL", Kind::Text),
    setting("telegram.network", "VASYA_NETWORK", Kind::Text),
    setting("telegram.network_file", "VASYA_NETWORK_FILE", Kind::Text),
    setting("telegram.api_id", "TELEGRAM_API_ID", Kind::Number),
    setting("telegram.api_hash", "TELEGRAM_API_HASH", Kind::Secret),
    setting("telegram.device_model", "VASYA_DEVICE_MODEL", Kind::Text),
    setting("telegram.proxy_url", "TELEGRAM_PROXY_URL", Kind::Secret),
    setting("telegram.account_proxies", "VASYA_ACCOUNT_PROXIES", Kind::Text),
    setting("telegram.connects_max", "VASYA_CONNECTS_MAX", Kind::Number),
    setting("telegram.quiet_secs", "VASYA_QUIET_SECS", Kind::Number),
    setting("telegram.answer_secs", "VASYA_ANSWER_SECS", Kind::Number),
    setting("events.log_mib_max", "VASYA_EVENTS_LOG_MIB_MAX", Kind::Number),
    setting("events.log_days_max", "VASYA_EVENTS_LOG_DAYS_MAX", Kind::Number),
    setting("events.streams_per_principal_max", "VASYA_EVENTS_STREAMS_PER_PRINCIPAL_MAX", Kind::Number),
    setting("approvals.lifetime_secs", "VASYA_APPROVALS_LIFETIME_SECS", Kind::Number),
    setting("approvals.pending_per_key_max", "VASYA_APPROVALS_PENDING_PER_KEY_MAX", Kind::Number),
    setting("approvals.pending_per_user_max", "VASYA_APPROVALS_PENDING_PER_USER_MAX", Kind::Number),
    setting("mcp.allowed_hosts", "VASYA_MCP_ALLOWED_HOSTS", Kind::List),
    setting("mcp.sessions_max", "VASYA_MCP_SESSIONS_MAX", Kind::Number),
    setting("mcp.sessions_per_principal_max", "VASYA_MCP_SESSIONS_PER_PRINCIPAL_MAX", Kind::Number),
    setting("mcp.session_idle_secs", "VASYA_MCP_SESSION_IDLE_SECS", Kind::Number),
    setting("mcp.body_bytes_max", "VASYA_MCP_BODY_BYTES_MAX", Kind::Number),
    setting("mcp.file_bytes_max", "VASYA_MCP_FILE_BYTES_MAX", Kind::Number),
    setting("mcp.memory_bytes_max", "VASYA_MCP_MEMORY_BYTES_MAX", Kind::Number),
    setting("webhooks.per_user_max", "VASYA_WEBHOOKS_PER_USER_MAX", Kind::Number),
    setting("webhooks.answer_secs", "VASYA_WEBHOOKS_ANSWER_SECS", Kind::Number),
    setting("webhooks.wait_secs", "VASYA_WEBHOOKS_WAIT_SECS", Kind::List),
    setting("webhooks.failing_secs_max", "VASYA_WEBHOOKS_FAILING_SECS_MAX", Kind::Number),
    setting("outbound.allowed_networks", "VASYA_OUTBOUND_ALLOWED_NETWORKS", Kind::List),
    setting("outbound.fetch_bytes_max", "VASYA_FETCH_BYTES_MAX", Kind::Number),
    setting("outbound.fetch_secs", "VASYA_FETCH_SECS", Kind::Number),
    setting("outbound.fetches_max", "VASYA_FETCHES_MAX", Kind::Number),
    setting("speech.deepgram_url", "VASYA_DEEPGRAM_URL", Kind::Text),
    setting("speech.deepgram_model", "VASYA_DEEPGRAM_MODEL", Kind::Text),
    setting("limits.account_burst", "VASYA_ACCOUNT_BURST", Kind::Number),
    setting("limits.account_period_ms", "VASYA_ACCOUNT_PERIOD_MS", Kind::Number),
    setting("limits.agent_burst", "VASYA_AGENT_BURST", Kind::Number),
    setting("limits.agent_period_ms", "VASYA_AGENT_PERIOD_MS", Kind::Number),
    setting("limits.login_burst", "VASYA_LOGIN_BURST", Kind::Number),
    setting("limits.login_period_ms", "VASYA_LOGIN_PERIOD_MS", Kind::Number),
    setting("limits.accounts_per_user_max", "VASYA_ACCOUNTS_PER_USER_MAX", Kind::Number),
    setting("limits.agent_keys_per_user_max", "VASYA_AGENT_KEYS_PER_USER_MAX", Kind::Number),
    setting("limits.logins_per_user_max", "VASYA_LOGINS_PER_USER_MAX", Kind::Number),
    setting("limits.login_secs", "VASYA_LOGIN_SECS", Kind::Number),
    setting("limits.account_calls_max", "VASYA_ACCOUNT_CALLS_MAX", Kind::Number),
    setting("limits.account_turns", "VASYA_ACCOUNT_TURNS", Kind::Number),
    setting("limits.flood_sleep_secs_max", "VASYA_FLOOD_SLEEP_MAX", Kind::Number),
    setting("limits.call_secs", "VASYA_CALL_SECS", Kind::Number),
    setting("limits.user_idle_secs", "VASYA_USER_IDLE_SECS", Kind::Number),
    setting("log.filter", "RUST_LOG", Kind::Text),
    setting("log.format", "VASYA_LOG_FORMAT", Kind::Text),
];

/// The setting at this place.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
