/// Declares the reasons of one failure: each with its documentation, the stable word that callers see, and a summary.
macro_rules! reasons {
    ($(
        $(#[$failure_doc:meta])*
        $failure:ident { $( $(#[$doc:meta])* $reason:ident = $word:literal, $summary:literal; )+ }
    )+) => {$(
        $(#[$failure_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $failure { $( $(#[$doc])* $reason, )+ }

        impl $failure {
            /// The reason as errors and events name it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$reason => $word, )+ }
            }

            pub(super) fn summary(self) -> &'static str {
                match self { $( Self::$reason => $summary, )+ }
            }
        }
    )+};
}

reasons! {
    /// Why no answer is to be had.
    Unavailable {
        /// Nothing listens at the address.
        Refused = "refused", "the server refused the connection";
        /// The host name does not resolve.
        Dns = "dns", "the server's host name does not resolve";
        /// The TLS handshake failed.
        Tls = "tls", "the TLS handshake with the server failed";
        /// The connection ended before the answer.
        ConnectionLost = "connection-lost", "the connection to the server was lost";
        /// The server is reading its data set from disk.
        Loading = "loading", "the server is still loading its data set";
        /// The cluster does not serve the slot.
        ClusterDown = "cluster-down", "the cluster is down";
    }

    /// Which deadline passed.
    Timeout {
        /// The operation was still waiting here: no byte of it was sent, so it is never indeterminate.
        Queue = "queue", "the deadline passed before the operation was sent";
        /// The connection was not set up in time.
        Connect = "connect", "the connection was not set up in time";
        /// The answer did not come in time.
        Command = "command", "the server did not answer in time";
    }

    /// Why the server that answered does not count as the primary.
    NotPrimary {
        /// It is a replica.
        ReadOnly = "readonly", "the server is a read-only replica";
        /// It is a primary without the replicas that its fence demands.
        NoReplicas = "no-replicas", "the primary has too few replicas in reach";
        /// It sent the operation elsewhere, and following did not help.
        Redirect = "redirect", "the operation was redirected and could not be followed";
        /// Sentinel or the slot map names no primary.
        Topology = "topology", "no primary could be found";
    }

    /// What of the durability that was asked for is missing.
    NotDurable {
        /// Too few replicas acknowledged the write in time.
        Replicas = "replicas", "too few replicas acknowledged the write";
        /// The server cannot save to disk and refuses writes.
        Misconf = "misconf", "the server cannot save to disk and refuses writes";
        /// The session's life could not be prolonged for longer than half of it.
        Ttl = "ttl", "the session's expiry could not be refreshed for too long";
    }

    /// Which property of the server does not carry the promise.
    UnsafeServer {
        /// It is not a primary.
        Role = "role", "the server is not a primary";
        /// It may evict keys.
        Eviction = "eviction", "the server may evict labels; set maxmemory-policy noeviction";
        /// It does not write to disk as demanded.
        Durability = "durability", "the server does not persist writes as configured here";
        /// It accepts writes without a replica.
        Fence = "fence", "the server accepts writes without replicas; set min-replicas-to-write";
        /// It is too old.
        Version = "version", "the server is too old; use Redis 7.0 or later, or Valkey";
        /// Our user may not examine it.
        Acl = "acl", "the server's settings cannot be examined with this user's permissions";
    }

    /// How the keyspace differs from the one that labels were written to.
    KeyspaceLost {
        /// Its generation is gone.
        Missing = "missing", "the keyspace lost its generation: labels may have been lost with it";
        /// Its generation is another.
        Changed = "changed", "the keyspace has another generation: labels may have been lost";
        /// Its labels are laid out in another way.
        Layout = "layout", "the keyspace lays labels out in another way";
    }

    /// What the server refuses.
    Access {
        /// Our credentials.
        Auth = "auth", "the server refused the credentials";
        /// A command or key.
        Permission = "permission", "the server's access rules forbid the operation";
    }

    /// What about the server's answer cannot be read.
    Undecodable {
        /// Its shape or count.
        Protocol = "protocol", "the server's answer has an unexpected shape";
        /// The stored value: of another type, or not UTF-8.
        Value = "value", "the stored value is not of the kind that belongs there";
        /// Its size.
        TooLarge = "too-large", "the stored label set is too large to be read";
    }
}
