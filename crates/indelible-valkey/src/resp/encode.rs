//! Length-prefixed command encoding: the only encoding used, so no label or id can inject a command.

/// Appends the decimal digits of `value`.
pub(crate) fn push_decimal(out: &mut Vec<u8>, value: u64) {
    if value >= 10 {
        push_decimal(out, value / 10);
    }
    out.push(b'0' + (value % 10) as u8);
}

/// Appends the header of an array of `length` elements: the start of a command with that many parts.
pub(crate) fn push_array_header(out: &mut Vec<u8>, length: usize) {
    out.push(b'*');
    push_decimal(out, length as u64);
    out.extend_from_slice(b"\r\n");
}

/// Appends one bulk string, byte for byte.
pub(crate) fn push_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'$');
    push_decimal(out, bytes.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends a whole command.
pub(crate) fn push_command(out: &mut Vec<u8>, parts: &[&[u8]]) {
    push_array_header(out, parts.len());
    for part in parts {
        push_bulk(out, part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_the_reference_client_writes() {
        let mut ours = Vec::new();
        push_command(&mut ours, &[b"SADD", b"key:1", "\u{fc}n\r\n\u{ef}".as_bytes(), b""]);
        let mut theirs = redis::cmd("SADD");
        theirs.arg("key:1").arg("\u{fc}n\r\n\u{ef}").arg("");
        assert_eq!(ours, theirs.get_packed_command());
    }

    #[test]
    fn writes_every_length_of_decimal() {
        for value in [0, 7, 10, 99, 100, 65_536, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
