//! The dashboard.

mod accessibility;
mod foreign_page;
mod keyboard;
mod lines;
mod link;
mod other_port;

pub use accessibility::{axe_cases, axe_is_missing, nothing_is_wider_than_the_screen};
pub use foreign_page::a_foreign_page_reads_and_changes_nothing;
pub use keyboard::groups_and_keys_are_used_by_keyboard_alone;
pub use lines::the_lines_move_under_load;
pub use link::the_link_opens_one_browser_once;
pub use other_port::a_program_on_another_port_gets_no_cookie;
