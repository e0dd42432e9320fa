//! Character rules for the name of a new group, by the tables of Unicode.

use super::InvalidGroupName;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{BidiClass, DefaultIgnorableCodePoint, NoncharacterCodePoint},
};

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The Braille pattern without dots: a symbol to Unicode, a blank to readers.
const BRAILLE_BLANK: char = '\u{2800}';

/// Checks that no character is forbidden and that at least one is visible.
pub(super) fn check(name: &str) -> Result<(), InvalidGroupName> {
    // No ASCII character is forbidden here. Most names are ASCII, and need no look-up in the tables.
    if name.is_ascii() && name.contains(|character: char| character.is_ascii_graphic()) {
        return Ok(());
    }
    if name.contains(is_noncharacter) {
        return Err(InvalidGroupName::Noncharacter);
    }
    if name.contains(is_bidirectional_control) {
        return Err(InvalidGroupName::BidirectionalControl);
    }
    if name.contains(BYTE_ORDER_MARK) {
        return Err(InvalidGroupName::ByteOrderMark);
    }
    if !name.contains(is_visible) {
        return Err(InvalidGroupName::Invisible);
    }
    Ok(())
}

fn is_noncharacter(character: char) -> bool {
    CodePointSetData::new::<NoncharacterCodePoint>().contains(character)
}

/// Returns true for embeddings, overrides, isolates and their terminators. Marks such as U+200F are allowed: they do
/// not reorder text.
fn is_bidirectional_control(character: char) -> bool {
    matches!(
        CodePointMapData::<BidiClass>::new().get(character),
        BidiClass::LeftToRightEmbedding
            | BidiClass::LeftToRightOverride
            | BidiClass::RightToLeftEmbedding
            | BidiClass::RightToLeftOverride
            | BidiClass::PopDirectionalFormat
            | BidiClass::LeftToRightIsolate
            | BidiClass::RightToLeftIsolate
            | BidiClass::FirstStrongIsolate
            | BidiClass::PopDirectionalIsolate
    )
}

/// Returns true if the character is visible on a screen. Fonts show U+3164 as a blank too; it needs no check of its
/// own, because Unicode lists it as default-ignorable.
fn is_visible(character: char) -> bool {
    character != BRAILLE_BLANK
        && !character.is_whitespace()
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::GroupName;
    use proptest::prelude::*;

    #[test]
    fn the_rules_match_the_intended_characters() {
        let all = || '\0'..=char::MAX;
        let of = |rule: fn(char) -> bool| all().filter(|character| rule(*character)).collect::<String>();
        let bidirectional: String = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').collect();
        assert_eq!(of(is_bidirectional_control), bidirectional);
        let noncharacter = |character: char| {
            matches!(character, '\u{fdd0}'..='\u{fdef}') || character as u32 & 0xfffe == 0xfffe
        };
        assert_eq!(of(is_noncharacter), of(noncharacter));
        for invisible in
            ['\u{2800}', '\u{3164}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{fe0f}', '\u{e0041}', '\u{3000}']
        {
            assert!(!is_visible(invisible), "{invisible:?}");
        }
        for visible in ['a', '\u{301}', '\u{2801}', '\u{1d11e}', '\u{fffd}', '\u{e000}'] {
            assert!(is_visible(visible), "{visible:?}");
        }
    }

    #[test]
    fn real_world_names_are_accepted() {
        // Persian with a zero-width non-joiner, a family emoji, the flag of Scotland, a right-to-left mark, a heart.
        for name in [
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "\u{200f}a",
            "\u{2764}\u{fe0f}",
        ] {
            assert_eq!(GroupName::parse(name).unwrap().as_str(), name);
        }
    }

    /// Any string, biased to the characters that the rules mention.
    fn text() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            any::<char>(),
            prop::sample::select(vec![
                '\u{2800}',
                '\u{3164}',
                '\u{200d}',
                '\u{feff}',
                '\u{202e}',
                '\u{2066}',
                '\u{fdd0}',
                '\u{1fffe}',
                'a',
                ' ',
            ]),
        ];
        prop::collection::vec(character, 0..8).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn a_new_name_obeys_the_rules_of_existing_names_and_of_characters(raw in text()) {
            let (new, existing) = (GroupName::parse(&raw), GroupName::parse_existing(&raw));
            match (new, existing) {
                (Ok(new), existing) => {
                    prop_assert_eq!(Ok(&new), existing.as_ref());
                    prop_assert!(new.as_str().contains(is_visible));
                    let refused = ['\u{feff}', '\u{202e}', '\u{2066}', '\u{fdd0}', '\u{1fffe}'];
                    prop_assert!(!new.as_str().contains(refused));
                }
                (Err(new), Err(existing)) => prop_assert_eq!(new, existing),
                (Err(new), Ok(existing)) => prop_assert_eq!(check(existing.as_str()), Err(new)),
            }
        }

        #[test]
        fn a_forbidden_character_is_refused_at_any_position(
            head in "[a-z]{0,5}",
            (refused, error) in prop_oneof![
                "[\u{202a}-\u{202e}\u{2066}-\u{2069}]".prop_map(|raw| (raw, InvalidGroupName::BidirectionalControl)),
                "[\u{fdd0}-\u{fdef}\u{fffe}\u{ffff}\u{10fffe}\u{10ffff}]".prop_map(|raw| (raw, InvalidGroupName::Noncharacter)),
                Just(("\u{feff}".to_owned(), InvalidGroupName::ByteOrderMark)),
            ],
            tail in "[a-z]{0,5}",
        ) {
            let raw = format!("{head}{refused}{tail}");
            prop_assert_eq!(GroupName::parse(&raw), Err(error));
            let existing = GroupName::parse_existing(&raw).unwrap();
            prop_assert_eq!(existing.as_str(), raw);
        }

        #[test]
        fn an_invisible_name_is_refused(
            raw in "[\u{2800}\u{3164}\u{ad}\u{200b}-\u{200d}\u{2060}\u{fe00}-\u{fe0f}\u{e0020}-\u{e007f}]{1,20}"
        ) {
            prop_assert_eq!(GroupName::parse(&raw), Err(InvalidGroupName::Invisible));
            prop_assert!(GroupName::parse_existing(&raw).is_ok());
            let shown = format!("{raw}a");
            prop_assert!(GroupName::parse(shown).is_ok());
        }
    }
}
