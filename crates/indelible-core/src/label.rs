use std::fmt;

/// Longest label that may be written, in UTF-8 bytes.
pub const MAX_LABEL_BYTES: usize = 256;

/// Most labels that one append takes.
pub const MAX_LABELS_PER_CALL: usize = 1000;

/// A label fit to be written: 1 to [`MAX_LABEL_BYTES`] bytes of UTF-8, kept byte for byte.
///
/// Nothing is trimmed, folded or normalised: `PII`, `pii` and `pii ` are three labels. What a store *returns* is not
/// held to this limit, see [`LabelSet`](crate::LabelSet).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// Takes `text` as a label.
    ///
    /// # Errors
    ///
    /// [`InvalidLabel`] for an empty text and for one above [`MAX_LABEL_BYTES`] bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidLabel> {
        let text = text.into();
        match text.len() {
            0 => Err(InvalidLabel::Empty),
            1..=MAX_LABEL_BYTES => Ok(Self(text)),
            bytes => Err(InvalidLabel::TooLong { bytes }),
        }
    }

    /// The label's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl TryFrom<&str> for Label {
    type Error = InvalidLabel;

    fn try_from(text: &str) -> Result<Self, InvalidLabel> {
        Self::new(text)
    }
}

/// Says how long the label is and not what it is: a label tells what its session has seen.
impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({} bytes)", self.0.len())
    }
}

/// Why a text cannot be written as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabel {
    /// The text is empty.
    #[error("a label must not be empty; leave it out instead")]
    Empty,
    /// The text is longer than [`MAX_LABEL_BYTES`].
    #[error("a label of {bytes} bytes is too long; use at most {MAX_LABEL_BYTES} bytes of UTF-8")]
    TooLong {
        /// Length of the text in UTF-8 bytes.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_byte_for_byte() {
        for text in ["pii", "PII", " x y ", "a\nb", "ünï", "u\u{308}", "\0"] {
            assert_eq!(Label::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn measures_utf8_bytes_and_takes_256_of_them() {
        assert!(Label::new("x".repeat(256)).is_ok());
        assert!(Label::new("ü".repeat(128)).is_ok());
        assert_eq!(Label::new("x".repeat(257)), Err(InvalidLabel::TooLong { bytes: 257 }));
        assert_eq!(Label::new("ü".repeat(129)), Err(InvalidLabel::TooLong { bytes: 258 }));
    }

    #[test]
    fn refuses_the_empty_text() {
        assert_eq!(Label::new(""), Err(InvalidLabel::Empty));
    }

    #[test]
    fn errors_name_the_remedy() {
        assert_eq!(
            InvalidLabel::TooLong { bytes: 300 }.to_string(),
            "a label of 300 bytes is too long; use at most 256 bytes of UTF-8"
        );
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", Label::new("salary").unwrap()), "Label(6 bytes)");
    }
}
