use std::fmt;

/// What a storage driver can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageKind {
    /// Policies of agents.
    PolicyStore,
    /// Where audit entries go; the host's own.
    AuditSink,
    /// Session records.
    SessionStore,
    /// Credentials; the host's own.
    CredentialStore,
    /// Rate-limit counters.
    RateLimitCounter,
    /// Life cycles of agents; the host's own.
    LifecycleStore,
}

impl StorageKind {
    /// Every kind, in the order in which a configuration is checked.
    pub const ALL: [Self; 6] = [
        Self::PolicyStore,
        Self::AuditSink,
        Self::SessionStore,
        Self::CredentialStore,
        Self::RateLimitCounter,
        Self::LifecycleStore,
    ];

    /// The kind as errors name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PolicyStore => "policy_store",
            Self::AuditSink => "audit_sink",
            Self::SessionStore => "session_store",
            Self::CredentialStore => "credential_store",
            Self::RateLimitCounter => "rate_limit_counter",
            Self::LifecycleStore => "lifecycle_store",
        }
    }

    /// The key that selects its driver in a `storage` block.
    #[must_use]
    pub fn config_key(self) -> &'static str {
        match self {
            Self::PolicyStore => "policyStore",
            Self::AuditSink => "auditSink",
            Self::SessionStore => "sessionStore",
            Self::CredentialStore => "credentialStore",
            Self::RateLimitCounter => "rateLimitCounter",
            Self::LifecycleStore => "lifecycleStore",
        }
    }
}

impl fmt::Display for StorageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
