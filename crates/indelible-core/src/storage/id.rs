use std::fmt;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits (16 bytes); this text of {characters} characters is none")]
pub struct InvalidId {
    /// Length of the text in characters.
    pub characters: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes 16 bytes as an id.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Reads 32 hexadecimal digits of either case.
            ///
            /// # Errors
            ///
            /// [`InvalidId`] for every other text.
            pub fn from_hex(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { characters: text.chars().count() };
                // The length is asked here because the decoder takes a `0x` in front as well.
                if text.len() != 32 {
                    return Err(invalid);
                }
                const_hex::decode_to_array(text).map(Self).map_err(|_| invalid)
            }

            /// The id's bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// The id as 32 lower-case hexadecimal digits, which is how keys spell it.
            #[must_use]
            pub fn to_hex(&self) -> String {
                const_hex::encode(self.0)
            }
        }
    };
}

id! {
    /// Names a session record: 16 opaque bytes. Who knows it may be able to act as the session, so `Debug` hides it.
    SessionId
}

id! {
    /// Names an agent: 16 opaque bytes.
    AgentId
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(16 bytes)")
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentId({})", self.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0eff";

    #[test]
    fn hex_is_read_in_either_case_and_written_in_lower_case() {
        let id = SessionId::from_hex(&HEX.to_uppercase()).unwrap();
        assert_eq!(id.as_bytes(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_hex(), HEX);
        assert_eq!(SessionId::from_bytes(*id.as_bytes()), id);
    }

    #[test]
    fn every_other_text_is_refused() {
        let prefixed = format!("0x{}", &HEX[2..]);
        for text in [
            "",
            &HEX[1..],
            &format!("{HEX}0"),
            &prefixed,
            &format!("0x{HEX}"),
            "00010203-0405-0607-0809-0a0b0c0d0eff",
            &HEX.replace('f', "g"),
        ] {
            assert_eq!(AgentId::from_hex(text), Err(InvalidId { characters: text.len() }), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_session_and_shows_the_agent() {
        assert_eq!(format!("{:?}", SessionId::from_hex(HEX).unwrap()), "SessionId(16 bytes)");
        assert_eq!(format!("{:?}", AgentId::from_hex(HEX).unwrap()), format!("AgentId({HEX})"));
    }
}
