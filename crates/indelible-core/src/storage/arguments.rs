//! What every driver refuses before it does anything (`docs/compatibility.md`, section 2).

use super::rate_limit_counter::MAX_TOTAL;
use super::{PolicyDocument, Result, StorageError};
use crate::{Failure, Operation, StoreError};

/// Longest key of a counter, in UTF-8 bytes.
pub const MAX_COUNTER_KEY_BYTES: usize = 4096;

/// Longest window and longest life of a cached policy, in seconds: 2^31.
pub const MAX_TTL_SECS: u64 = 1 << 31;

/// Checks the arguments of [`RateLimitCounter::increment`](super::RateLimitCounter::increment).
///
/// # Errors
///
/// [`StorageError::Backend`] over an `ERR_STORE_INVALID_ARGUMENT` that names the argument and its range.
pub fn check_increment(key: &str, amount: u64, window_secs: u64) -> Result<()> {
    check_counter_key(Operation::Increment, key)?;
    if !(1..=MAX_TOTAL).contains(&amount) {
        return Err(invalid(Operation::Increment, "amount must be from 1 to 9223372036854775807"));
    }
    // A window of 0 would delete the counter that it should keep: a limit without a word.
    if !(1..=MAX_TTL_SECS).contains(&window_secs) {
        return Err(invalid(Operation::Increment, "window_secs must be from 1 to 2147483648 seconds"));
    }
    Ok(())
}

/// Checks the key of a counter. The empty key would make everybody without a name share one counter.
///
/// # Errors
///
/// [`StorageError::Backend`] over an `ERR_STORE_INVALID_ARGUMENT`.
pub fn check_counter_key(operation: Operation, key: &str) -> Result<()> {
    if (1..=MAX_COUNTER_KEY_BYTES).contains(&key.len()) {
        return Ok(());
    }
    Err(invalid(operation, "key must have from 1 to 4096 bytes of UTF-8"))
}

/// Checks the life of a cached policy.
///
/// # Errors
///
/// [`StorageError::Backend`] over an `ERR_STORE_INVALID_ARGUMENT`.
pub fn check_policy_ttl(ttl_secs: u64) -> Result<()> {
    if (1..=MAX_TTL_SECS).contains(&ttl_secs) {
        return Ok(());
    }
    Err(invalid(Operation::CachePolicy, "ttl_secs must be from 1 to 2147483648 seconds"))
}

/// Checks the size of a policy to be cached, and answers the text to cache.
///
/// # Errors
///
/// [`StorageError::Backend`] over an `ERR_STORE_INVALID_ARGUMENT`.
pub fn check_policy(policy: &PolicyDocument) -> Result<String> {
    policy.to_json().map_err(|_| invalid(Operation::CachePolicy, "policy must have at most 1048576 bytes of JSON"))
}

fn invalid(operation: Operation, detail: &str) -> StorageError {
    StoreError::new(Failure::InvalidArgument, operation).with_detail(detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(outcome: &Result<()>) -> Option<&'static str> {
        outcome.as_ref().err()?.store_error().map(StoreError::code)
    }

    #[test]
    fn the_ranges_are_taken_to_their_ends_and_no_further() {
        let longest = "k".repeat(MAX_COUNTER_KEY_BYTES);
        for (key, amount, window) in [("k", 1, 1), (&longest, MAX_TOTAL, MAX_TTL_SECS)] {
            assert!(check_increment(key, amount, window).is_ok());
        }
        let too_long = format!("{longest}k");
        for (key, amount, window) in [
            ("", 1, 1),
            (&too_long, 1, 1),
            ("k", 0, 1),
            ("k", MAX_TOTAL + 1, 1),
            ("k", 1, 0),
            ("k", 1, MAX_TTL_SECS + 1),
        ] {
            assert_eq!(code(&check_increment(key, amount, window)), Some("ERR_STORE_INVALID_ARGUMENT"));
        }
        assert!(check_policy_ttl(1).is_ok() && check_policy_ttl(MAX_TTL_SECS).is_ok());
        assert!(check_policy_ttl(0).is_err() && check_policy_ttl(MAX_TTL_SECS + 1).is_err());
    }

    #[test]
    fn the_error_names_the_argument_and_not_its_value() {
        let error = check_increment("secret-caller", 7, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the backend failed: increment failed: ERR_STORE_INVALID_ARGUMENT: \
             window_secs must be from 1 to 2147483648 seconds"
        );
    }
}
