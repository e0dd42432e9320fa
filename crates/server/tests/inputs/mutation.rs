//! Mutation of the inputs of a corpus.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{Index, select},
    strategy::BoxedStrategy,
};
use serde_json::{Value, json};

/// Texts that are significant to a parser.
const TOKENS: &[&str] = &[
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-",
    "0",
    "1e9",
    "0x1",
    "9223372036854775807",
    "9223372036854775808",
    "\u{feff}",
    "\u{0}",
    "\u{200d}",
    "\u{202e}",
    "e\u{301}",
    "😀",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\"name\":",
    "\"token\":",
    "\"admin_id\":",
    "%",
    "%00",
    "%ff",
    "+",
    "&",
    "=",
    "?",
    "#",
    "/",
    "..",
    ";",
    "'",
];

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

/// A single mutation.
#[derive(Debug, Clone)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Token(Index, Index),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Splice(Index, Index),
}

/// Returns mutated inputs of the corpus, and some random bytes and strings.
pub fn mutated(corpus: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let changed = {
        let corpus = corpus.clone();
        (any::<Index>(), vec(mutation(), 0..6)).prop_map(move |(chosen, mutations)| {
            let mut input = chosen.get(&corpus).clone();
            for mutation in mutations {
                mutation.apply(&mut input, &corpus);
            }
            input.truncate(20_000);
            input
        })
    };
    prop_oneof![8 => changed, 1 => vec(any::<u8>(), 0..200), 1 => any::<String>().prop_map(String::into_bytes)].boxed()
}

/// Returns bodies that are JSON objects, many of them valid.
pub fn object() -> impl Strategy<Value = Vec<u8>> {
    let admin_id = prop_oneof![
        any::<i64>().prop_map(Value::from),
        (1..=i64::MAX).prop_map(Value::from),
        (1..=i64::MAX).prop_map(|id| Value::from(id.to_string())),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    (text(), text(), admin_id).prop_map(|(name, token, admin_id)| {
        json!({"name": name, "token": token, "admin_id": admin_id}).to_string().into_bytes()
    })
}

/// Returns strings of arbitrary characters, of letters, or of special characters.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![20 => proptest::char::range('a', 'z'), 1 => select(SPECIAL_CHARACTERS)];
    let near_rules = prop_oneof![select(SPECIAL_CHARACTERS), any::<char>()];
    let characters = prop_oneof![vec(any::<char>(), 0..70), vec(letter, 1..70), vec(near_rules, 1..8)];
    characters.prop_map(String::from_iter)
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (place(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (place(), place()).prop_map(|(at, token)| Mutation::Token(at, token)),
        (place(), 1..20_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (place(), 1..20_usize, prop_oneof![9 => 1..5_usize, 1 => Just(500)])
            .prop_map(|(at, length, times)| Mutation::Repeat(at, length, times)),
        (place(), place()).prop_map(|(at, other)| Mutation::Splice(at, other)),
    ]
}

impl Mutation {
    fn apply(&self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        // Includes the position after the last byte.
        let place = |at: &Index| at.index(input.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = place(at);
                input.truncate(input.len().max(at));
                match input.get_mut(at) {
                    Some(found) => *found = *byte,
                    None => input.push(*byte),
                }
            }
            Self::Insert(at, bytes) => {
                let at = place(at);
                input.splice(at..at, bytes.iter().copied());
            }
            Self::Token(at, token) => {
                let at = place(at);
                input.splice(at..at, token.get(TOKENS).bytes());
            }
            Self::Remove(at, length) => {
                let at = place(at);
                input.drain(at..input.len().min(at + length));
            }
            Self::Repeat(at, length, times) => {
                let at = place(at);
                let part = input[at..input.len().min(at + length)].repeat(*times);
                input.splice(at..at, part);
            }
            Self::Splice(at, other) => {
                let at = place(at);
                input.truncate(at);
                let other = other.get(corpus);
                input.extend(&other[other.len().min(at)..]);
            }
        }
    }
}
