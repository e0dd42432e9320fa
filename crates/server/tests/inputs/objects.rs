//! Generated JSON objects with the fields of requests and of files, many of them valid.

use proptest::{
    collection::vec,
    option,
    prelude::{Strategy, any, prop_oneof},
    sample::select,
    strategy::{BoxedStrategy, Just},
};
use serde_json::Value;
use std::{iter, ops::RangeInclusive};

/// Characters that the rules for names are about: combining, invisible, bidirectional, white space, and noncharacters.
const SPECIAL_CHARACTERS: &[char] = &[
    '\u{0}',
    '\n',
    ' ',
    '\u{85}',
    '\u{a0}',
    '\u{ad}',
    '\u{301}',
    '\u{34f}',
    '\u{61c}',
    '\u{1100}',
    '\u{1161}',
    '\u{11a8}',
    '\u{115f}',
    '\u{17b4}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{2028}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{206a}',
    '\u{2126}',
    '\u{2800}',
    '\u{3000}',
    '\u{3164}',
    '\u{ac00}',
    '\u{fb1d}',
    '\u{fdd0}',
    '\u{fdfa}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{ffa0}',
    '\u{fff9}',
    '\u{fffd}',
    '\u{fffe}',
    '\u{1d15e}',
    '\u{1f600}',
    '\u{1f3fb}',
    '\u{e0001}',
    '\u{e0061}',
    '\u{10ffff}',
];

/// A field, and its values. `None` leaves the field out.
type Field = (&'static str, BoxedStrategy<Option<Value>>);

/// Returns bodies of creates.
pub fn create() -> BoxedStrategy<Vec<u8>> {
    object(vec![
        always("name", text()),
        always("token", text()),
        always("admin_id", prop_oneof![id(1..=i64::MAX), text()]),
    ])
}

/// Returns bodies of changes: some of the fields of a create.
pub fn change() -> BoxedStrategy<Vec<u8>> {
    object(vec![
        sometimes("name", text()),
        sometimes("token", text()),
        sometimes("admin_id", prop_oneof![id(1..=20), id(1..=i64::MAX), text()]),
    ])
}

/// Returns bodies of joins, most of them to one of the first groups, whose token is `t`.
pub fn join() -> BoxedStrategy<Vec<u8>> {
    object(vec![
        always("group_id", prop_oneof![8 => id(1..=4), 1 => id(1..=i64::MAX), 1 => text()]),
        always("user_id", prop_oneof![4 => id(1..=20), 4 => id(1..=i64::MAX), 1 => text()]),
        sometimes("token", prop_oneof![4 => Just(Value::from("t")), 1 => text()]),
    ])
}

/// Returns lines of files of members, most of them about one of the first groups, which are named `g1`, `g2`, ….
pub fn membership() -> BoxedStrategy<Vec<u8>> {
    let name = (1..=4).prop_map(|number| Value::from(format!("g{number}")));
    object(vec![
        sometimes("group_id", prop_oneof![8 => id(1..=4), 1 => id(1..=i64::MAX), 1 => text()]),
        always("user_id", prop_oneof![4 => id(1..=20), 4 => id(1..=i64::MAX), 1 => text()]),
        sometimes("group_name", prop_oneof![4 => name, 1 => text(), 1 => Just(Value::Null)]),
    ])
}

fn always(name: &'static str, value: impl Strategy<Value = Value> + 'static) -> Field {
    (name, value.prop_map(Some).boxed())
}

fn sometimes(name: &'static str, value: impl Strategy<Value = Value> + 'static) -> Field {
    (name, option::of(value).boxed())
}

fn object(fields: Vec<Field>) -> BoxedStrategy<Vec<u8>> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let text = move |values: Vec<Option<Value>>| {
        let fields = iter::zip(&names, values);
        let given = fields.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::Object(given.collect()).to_string().into_bytes()
    };
    values.prop_map(text).boxed()
}

/// Returns ids of this range as integers and as strings of digits, and other numbers.
fn id(range: RangeInclusive<i64>) -> BoxedStrategy<Value> {
    let digits = range.clone().prop_map(|id| Value::from(id.to_string()));
    prop_oneof![
        3 => range.prop_map(Value::from),
        3 => digits,
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ]
    .boxed()
}

/// Returns strings of arbitrary characters, of letters, or of special characters.
fn text() -> BoxedStrategy<Value> {
    let letter = prop_oneof![20 => proptest::char::range('a', 'z'), 1 => select(SPECIAL_CHARACTERS)];
    let near_rules = prop_oneof![select(SPECIAL_CHARACTERS), any::<char>()];
    let characters = prop_oneof![vec(any::<char>(), 0..70), vec(letter, 1..70), vec(near_rules, 1..8)];
    characters.prop_map(|characters| Value::from(String::from_iter(characters))).boxed()
}
