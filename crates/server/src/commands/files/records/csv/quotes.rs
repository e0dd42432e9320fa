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

/// Removes spaces before a quote that opens a field, and after one that closes it.
pub(super) fn without_spaces_around(row: &[u8], delimiter: u8) -> Vec<u8> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace() && *byte != delimiter;
    let (mut kept, mut rest, mut is_quoted) = (Vec::with_capacity(row.len()), row, false);
    while let Some(byte) = rest.first() {
        let spaces = rest.iter().take_while(|byte| is_space(byte)).count();
        let next = rest.get(spaces);
        let at_start = kept.last().is_none_or(|last| *last == delimiter);
        let is_at_end = next.is_none_or(|next| *next == delimiter);
        let is_around = spaces > 0
            && !is_quoted
            && ((at_start && next == Some(&b'"')) || (is_at_end && kept.last() == Some(&b'"')));
        if is_around {
            rest = &rest[spaces..];
            continue;
        }
        is_quoted ^= *byte == b'"';
        kept.push(*byte);
        rest = &rest[1..];
    }
    kept
}
