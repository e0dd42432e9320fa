//! Pages of lists.

use crate::text::parse_digits;

/// Maximum number of items on a page, from 1 to 1,000. The default is 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The largest page size.
    pub const MAX: Self = Self(1000);

    /// Checks that `size` is in bounds.
    pub fn new(size: u16) -> Result<Self, InvalidPageSize> {
        if (1..=Self::MAX.0).contains(&size) { Ok(Self(size)) } else { Err(InvalidPageSize) }
    }

    /// Parses ASCII digits only.
    pub fn parse(digits: &str) -> Result<Self, InvalidPageSize> {
        parse_digits(digits).map_or(Err(InvalidPageSize), Self::new)
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(100)
    }
}

/// The size is not an integer from 1 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limit must be an integer from 1 to 1000")]
pub struct InvalidPageSize;

/// Items in the order of their keys. A walk from page to page meets an item exactly once if its key does not change
/// meanwhile, even while others are added and removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items.
    pub items: Vec<T>,
    /// The last key of this page, after which the next page begins; `None` on the last page.
    pub next_after: Option<K>,
}

impl<T, K> Page<T, K> {
    /// The number of items to read for a page: one more than fits, to learn whether there is another page.
    pub(crate) fn read_limit(size: PageSize) -> u16 {
        size.0 + 1
    }

    /// The page of the first `size` of `items`. If [`Self::read_limit`] items were read, there is another page.
    pub(crate) fn new(mut items: Vec<T>, size: PageSize, key: impl FnOnce(&T) -> K) -> Self {
        let is_last = items.len() <= usize::from(size.0);
        items.truncate(size.0.into());
        let next_after = items.last().filter(|_| !is_last).map(key);
        Self { items, next_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_from_1_to_1000_items() {
        for (digits, size) in [("1", 1), ("0100", 100), ("1000", 1000)] {
            assert_eq!(PageSize::parse(digits).map(PageSize::get), Ok(size));
        }
        for digits in ["", "0", "1001", "65537", "-1", "+1", "1.0", " 1", "x", "99999999999999999999"] {
            assert_eq!(PageSize::parse(digits), Err(InvalidPageSize), "{digits:?}");
        }
        assert_eq!(PageSize::default().get(), 100);
    }
}
