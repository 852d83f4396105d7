//! Replies as they stand in the read buffer, and what is not a reply.

/// The bytes are not a reply: the connection is in doubt and must be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One scalar, as a place in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element<'a> {
    Status(&'a [u8]),
    Error(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    Nil,
}

/// One complete top-level reply.
#[derive(Debug)]
pub(crate) enum Reply<'a> {
    Scalar(Element<'a>),
    Array(Elements<'a>),
    NilArray,
    TooLarge,
}

/// The elements of an array reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elements<'a> {
    pub(super) buffer: &'a [u8],
    pub(super) places: &'a [Place],
    pub(super) raw: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The array as it stood on the wire: equal bytes are equal answers.
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let buffer = self.buffer;
        self.places.iter().map(move |place| place.element(buffer))
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Status(usize, usize),
    Error(usize, usize),
    Integer(i64),
    Bulk(usize, usize),
    Nil,
}

impl Place {
    pub(super) fn element<'a>(&self, buffer: &'a [u8]) -> Element<'a> {
        // A place was inside the buffer when it was noted, and the buffer only grows until the reply is consumed.
        let slice = |start: usize, end: usize| buffer.get(start..end).unwrap_or_default();
        match *self {
            Self::Status(start, end) => Element::Status(slice(start, end)),
            Self::Error(start, end) => Element::Error(slice(start, end)),
            Self::Integer(value) => Element::Integer(value),
            Self::Bulk(start, end) => Element::Bulk(slice(start, end)),
            Self::Nil => Element::Nil,
        }
    }
}
