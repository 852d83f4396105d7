use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::{RegistryError, StorageKind};

/// A `storage` block, read: which driver serves each kind, and each driver's own subsection.
///
/// ```yaml
/// storage:
///   policyStore: redis
///   auditSink: memory
///   sessionStore: redis
///   credentialStore: memory
///   rateLimitCounter: redis
///   lifecycleStore: memory
///   redis: { url: "redis://127.0.0.1:6379" }
///   memory: {}
/// ```
#[derive(Clone, PartialEq)]
pub struct StorageSelection {
    drivers: [String; StorageKind::ALL.len()],
    sections: BTreeMap<String, Value>,
}

impl StorageSelection {
    /// Reads the value of the key `storage`. All six kinds must name a driver; every other key is a driver's
    /// subsection. One that no kind selects may stay: switching back is then one changed line.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Invalid`] naming the key.
    pub fn from_value(block: &Value) -> Result<Self, RegistryError> {
        let Value::Object(fields) = block else {
            return Err(invalid("storage", must_be("a mapping of kinds to drivers", block)));
        };
        let drivers = StorageKind::ALL.map(|kind| driver_of(fields, kind));
        let [policy, audit, session, credential, rate_limit, lifecycle] = drivers;
        let drivers = [policy?, audit?, session?, credential?, rate_limit?, lifecycle?];
        let is_kind = |key: &str| StorageKind::ALL.iter().any(|kind| kind.config_key() == key);
        let mut sections = BTreeMap::new();
        for (key, section) in fields.iter().filter(|(key, _)| !is_kind(key)) {
            if !section.is_object() {
                let problem = must_be("the mapping of a driver's settings", section);
                return Err(invalid(&format!("storage.{key}"), problem));
            }
            sections.insert(key.clone(), section.clone());
        }
        Ok(Self { drivers, sections })
    }

    /// Name of the driver that is to serve `kind`.
    #[must_use]
    pub fn driver(&self, kind: StorageKind) -> &str {
        let named = StorageKind::ALL.iter().zip(&self.drivers).find(|(of, _)| **of == kind);
        named.map_or("", |(_, driver)| driver)
    }

    /// A driver's own subsection.
    #[must_use]
    pub fn section(&self, driver: &str) -> Option<&Value> {
        self.sections.get(driver)
    }
}

/// Shows the drivers and not their settings, which may hold a password.
impl fmt::Debug for StorageSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageSelection")
            .field("drivers", &self.drivers)
            .field("sections", &self.sections.keys())
            .finish()
    }
}

fn driver_of(fields: &Map<String, Value>, kind: StorageKind) -> Result<String, RegistryError> {
    let path = format!("storage.{}", kind.config_key());
    match fields.get(kind.config_key()) {
        None => Err(invalid(&path, "is missing; name the driver that is to serve it, such as memory".into())),
        Some(Value::String(driver)) if !driver.is_empty() => Ok(driver.clone()),
        Some(Value::String(_)) => Err(invalid(&path, "must not be empty; name a driver, such as memory".into())),
        Some(other) => Err(invalid(&path, must_be("the name of a driver", other))),
    }
}

fn must_be(expected: &str, found: &Value) -> String {
    let kind = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    format!("must be {expected}, not {kind}")
}

fn invalid(path: &str, problem: String) -> RegistryError {
    RegistryError::Invalid { path: path.to_owned(), problem }
}
