use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::{PolicyStore, RateLimitCounter, RegistryError, SessionStore, StorageKind, StorageSelection};

/// Why a driver refuses its subsection. Its text names the key and the remedy, never a value.
pub type BuildError = Box<dyn Error + Send + Sync>;

/// What serves a kind that is the host's own: audit sinks, credential stores and life-cycle stores have no contract
/// here, so the host takes its type back with [`Arc::downcast`].
pub type HostComponent = Arc<dyn Any + Send + Sync>;

/// Builds what serves a kind from the driver's subsection. Every matching closure is one.
pub trait StorageFactory<T: ?Sized>: Send + Sync {
    /// Builds it; waits for nothing and dials nothing.
    ///
    /// # Errors
    ///
    /// The driver's reason, which stops the boot.
    fn build(&self, section: &Value) -> Result<Arc<T>, BuildError>;
}

impl<T: ?Sized, F> StorageFactory<T> for F
where
    F: Fn(&Value) -> Result<Arc<T>, BuildError> + Send + Sync,
{
    fn build(&self, section: &Value) -> Result<Arc<T>, BuildError> {
        self(section)
    }
}

type Factories<T> = BTreeMap<String, Box<dyn StorageFactory<T>>>;

/// Which drivers there are for each kind.
///
/// A driver enters itself under its name, by a function such as [`register_memory`](super::register_memory); of two
/// entries under one name the later one stands. [`boot`](Self::boot) then builds what a configuration selects.
#[derive(Default)]
pub struct StorageRegistry {
    policy_stores: Factories<dyn PolicyStore>,
    audit_sinks: Factories<dyn Any + Send + Sync>,
    session_stores: Factories<dyn SessionStore>,
    credential_stores: Factories<dyn Any + Send + Sync>,
    rate_limit_counters: Factories<dyn RateLimitCounter>,
    lifecycle_stores: Factories<dyn Any + Send + Sync>,
}

/// What a configuration selects, built.
pub struct Storage {
    /// Policies of agents.
    pub policy_store: Arc<dyn PolicyStore>,
    /// Where audit entries go.
    pub audit_sink: HostComponent,
    /// Session records.
    pub session_store: Arc<dyn SessionStore>,
    /// Credentials.
    pub credential_store: HostComponent,
    /// Rate-limit counters.
    pub rate_limit_counter: Arc<dyn RateLimitCounter>,
    /// Life cycles of agents.
    pub lifecycle_store: HostComponent,
}

impl StorageRegistry {
    /// A registry without drivers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a driver of policy stores.
    pub fn register_policy_store(
        &mut self,
        name: impl Into<String>,
        factory: impl StorageFactory<dyn PolicyStore> + 'static,
    ) {
        self.policy_stores.insert(name.into(), Box::new(factory));
    }

    /// Enters a driver of audit sinks.
    pub fn register_audit_sink(
        &mut self,
        name: impl Into<String>,
        factory: impl StorageFactory<dyn Any + Send + Sync> + 'static,
    ) {
        self.audit_sinks.insert(name.into(), Box::new(factory));
    }

    /// Enters a driver of session stores.
    pub fn register_session_store(
        &mut self,
        name: impl Into<String>,
        factory: impl StorageFactory<dyn SessionStore> + 'static,
    ) {
        self.session_stores.insert(name.into(), Box::new(factory));
    }

    /// Enters a driver of credential stores.
    pub fn register_credential_store(
        &mut self,
        name: impl Into<String>,
        factory: impl StorageFactory<dyn Any + Send + Sync> + 'static,
    ) {
        self.credential_stores.insert(name.into(), Box::new(factory));
    }

    /// Enters a driver of rate-limit counters.
    pub fn register_rate_limit_counter(
        &mut self,
        name: impl Into<String>,
        factory: impl StorageFactory<dyn RateLimitCounter> + 'static,
    ) {
        self.rate_limit_counters.insert(name.into(), Box::new(factory));
    }

    /// Enters a driver of life-cycle stores.
    pub fn register_lifecycle_store(
        &mut self,
        name: impl Into<String>,
        factory: impl StorageFactory<dyn Any + Send + Sync> + 'static,
    ) {
        self.lifecycle_stores.insert(name.into(), Box::new(factory));
    }

    /// Names of the drivers that are registered for `kind`, sorted.
    #[must_use]
    pub fn drivers(&self, kind: StorageKind) -> Vec<&str> {
        fn names<T: ?Sized>(factories: &Factories<T>) -> Vec<&str> {
            factories.keys().map(String::as_str).collect()
        }
        match kind {
            StorageKind::PolicyStore => names(&self.policy_stores),
            StorageKind::AuditSink => names(&self.audit_sinks),
            StorageKind::SessionStore => names(&self.session_stores),
            StorageKind::CredentialStore => names(&self.credential_stores),
            StorageKind::RateLimitCounter => names(&self.rate_limit_counters),
            StorageKind::LifecycleStore => names(&self.lifecycle_stores),
        }
    }

    /// Checks that every kind names a driver that exists for it and has its subsection; builds nothing.
    ///
    /// # Errors
    ///
    /// The first [`RegistryError`], in the order of [`StorageKind::ALL`].
    pub fn validate(&self, selection: &StorageSelection) -> Result<(), RegistryError> {
        for kind in StorageKind::ALL {
            let (driver, available) = (selection.driver(kind).to_owned(), self.drivers(kind));
            if !available.contains(&driver.as_str()) {
                let available = available.into_iter().map(str::to_owned).collect();
                return Err(RegistryError::UnknownDriver { kind, driver, available });
            }
            if selection.section(&driver).is_none() {
                return Err(RegistryError::MissingSection { kind, driver });
            }
        }
        Ok(())
    }

    /// Builds what `selection` selects, all of it or nothing.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate), and [`RegistryError::Build`] when a driver refuses its subsection.
    pub fn boot(&self, selection: &StorageSelection) -> Result<Storage, RegistryError> {
        self.validate(selection)?;
        Ok(Storage {
            policy_store: build(&self.policy_stores, StorageKind::PolicyStore, selection)?,
            audit_sink: build(&self.audit_sinks, StorageKind::AuditSink, selection)?,
            session_store: build(&self.session_stores, StorageKind::SessionStore, selection)?,
            credential_store: build(&self.credential_stores, StorageKind::CredentialStore, selection)?,
            rate_limit_counter: build(&self.rate_limit_counters, StorageKind::RateLimitCounter, selection)?,
            lifecycle_store: build(&self.lifecycle_stores, StorageKind::LifecycleStore, selection)?,
        })
    }
}

fn build<T: ?Sized>(
    factories: &Factories<T>,
    kind: StorageKind,
    selection: &StorageSelection,
) -> Result<Arc<T>, RegistryError> {
    let driver = selection.driver(kind).to_owned();
    let Some(factory) = factories.get(&driver) else {
        let available = factories.keys().cloned().collect();
        return Err(RegistryError::UnknownDriver { kind, driver, available });
    };
    let Some(section) = selection.section(&driver) else {
        return Err(RegistryError::MissingSection { kind, driver });
    };
    factory.build(section).map_err(|source| RegistryError::Build { kind, driver, source })
}

impl fmt::Debug for StorageRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(StorageKind::ALL.map(|kind| (kind, self.drivers(kind)))).finish()
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("policy_store", &self.policy_store)
            .field("session_store", &self.session_store)
            .field("rate_limit_counter", &self.rate_limit_counter)
            .finish_non_exhaustive()
    }
}
