//! Mutation of the inputs of a corpus.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::Index,
    strategy::BoxedStrategy,
};

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
    "\"group_id\":",
    "\"user_id\":",
    "W/",
    "*",
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
