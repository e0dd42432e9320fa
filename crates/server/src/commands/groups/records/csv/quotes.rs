//! The rules for quotes.

/// Returns true if each quote opens a field, closes it, or is doubled inside it. `csv_core` also accepts other quotes,
/// and then alters the field.
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
