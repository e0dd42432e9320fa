//! The rule for quotes.

/// Tells whether each quote opens a field, is doubled in it or closes it. The parser takes others too, and changes the field.
pub(super) fn are_valid(row: &[u8], delimiter: u8) -> bool {
    enum At {
        Start,
        Bare,
        Quoted,
        Closed,
    }
    let mut at = At::Start;
    for byte in row {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) | (At::Start | At::Closed, b'"') => At::Quoted,
            (_, byte) if *byte == delimiter => At::Start,
            (At::Bare, b'"') | (At::Closed, _) => return false,
            (At::Start | At::Bare, _) => At::Bare,
        };
    }
    !matches!(at, At::Quoted)
}
